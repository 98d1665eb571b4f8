/** What each command of `npm run chaos` is made of: a server on a data folder, load, figures, violations. */
import { type Caller, DataFolder, type LEVELS, pictureFor, upload } from './data-folder.ts';
import { type Acknowledged, callPaid, type PaidCall } from './load.ts';
import { freePort, RealServer, type RealServerOptions } from './real-server.ts';
import { seededRandom } from './seeded-random.ts';

/** How much is done, and from which seed. */
export interface PromiseOptions {
  readonly rounds: number;
  readonly seed: number;
}

/** What came of it. */
export interface PromiseReport {
  readonly done: string;
  readonly figures: Readonly<Record<string, number | string>>;
  readonly violations: readonly string[];
  /** Why it could not be tried here. */
  readonly skipped?: string;
}

/** No cap may get into the way of the load, unless the promise is about it. */
export const ROOMY = {
  GARNISH_MAX_QUEUE: '10000',
  GARNISH_MAX_JOBS_PER_ACCOUNT: '10000',
  GARNISH_MAX_WAIT_S: '3600',
  GARNISH_MAX_ASYNC_JOBS: '100000',
  GARNISH_MAX_ASYNC_JOBS_PER_ACCOUNT: '100000',
  GARNISH_ADDRESS_PER_MINUTE: '1000000',
} as const;

export const sleep = (timeMs: number) =>
  new Promise<void>((resolve) => setTimeout(resolve, timeMs));

const PEAK_LANES = 4;

/** A percentile of figures, 0 when there is none. */
export function percentile(figures: readonly number[], share: number): number {
  const sorted = [...figures].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** A server under test, its data folder, and what was found wrong. */
export class Trial {
  readonly random: () => number;
  readonly violations: string[] = [];
  readonly folder: DataFolder;
  readonly #options: RealServerOptions;
  server: RealServer;

  private constructor(folder: DataFolder, options: RealServerOptions, seed: number) {
    this.folder = folder;
    this.random = seededRandom(seed);
    this.#options = options;
    this.server = new RealServer(options);
  }

  /** Start a server, use it, audit what is left, and remove everything. */
  static async run<T>(
    seed: number,
    work: (trial: Trial) => Promise<T>,
    options: Partial<RealServerOptions> = {},
  ): Promise<T> {
    const folder = new DataFolder(options.dataDir);
    const port = await freePort();
    const env = { ...ROOMY, ...options.env };
    const trial = new Trial(folder, { ...options, dataDir: folder.path, port, env }, seed);
    try {
      await trial.server.ready();
      const result = await work(trial);
      await trial.#end();
      return result;
    } finally {
      await trial.server.kill();
      folder.remove();
    }
  }

  get url(): string {
    return this.server.url;
  }

  /** Note a violation unless a claim holds. */
  expect(holds: boolean, claim: string): void {
    if (!holds) this.violations.push(claim);
  }

  /** A caller without rate limits, with a picture that makes runs behave in a way. */
  async newCaller(
    credits: number,
    behaviour: keyof typeof LEVELS = 'plain',
    sidePx?: number,
  ): Promise<Caller> {
    const caller = this.folder.newCaller(credits);
    caller.imageUrl = await upload(this.url, caller.key, await pictureFor(behaviour, sidePx));
    return caller;
  }

  /** The same caller with another picture. */
  async withPicture(caller: Caller, behaviour: keyof typeof LEVELS, sidePx?: number) {
    const picture = await pictureFor(behaviour, sidePx);
    return { ...caller, imageUrl: await upload(this.url, caller.key, picture) };
  }

  /** A paid call; undefined when the connection broke. */
  async call(caller: Caller, call: PaidCall = {}): Promise<Acknowledged | undefined> {
    return callPaid(this.url, caller, call).catch(() => undefined);
  }

  balance({ accountId }: Caller): number {
    return this.folder.books(({ ledger }) => ledger.balance(accountId).total);
  }

  /** Start the server again after it ended. */
  async restart(): Promise<void> {
    this.server = new RealServer(this.#options);
    await this.server.ready();
  }

  /** Wait until every job has ended. @returns Whether they did; false when none ends for `idleMs`. */
  async allEnded(idleMs = 60_000): Promise<boolean> {
    let left = Number.POSITIVE_INFINITY;
    let changedMs = performance.now();
    for (;;) {
      const now = this.folder.count("state NOT IN ('settled', 'voided')");
      if (now === 0) return true;
      if (now < left) changedMs = performance.now();
      if (performance.now() - changedMs > idleMs) return false;
      left = now;
      await sleep(50);
    }
  }

  async #end(): Promise<void> {
    this.expect(this.server.isAlive, 'the server ended by itself');
    this.expect(await this.allEnded(), 'jobs stay unfinished');
    const exit = await this.server.stop();
    this.expect(exit === 0, `the last stop ended with ${exit}`);
    this.violations.push(...this.folder.audit(false));
  }
}

/** Deliveries a second with a queue that is never empty. */
export async function measurePeak(trial: Trial, caller: Caller, timeMs: number): Promise<number> {
  let delivered = 0;
  const startMs = performance.now();
  await Promise.all(
    Array.from({ length: PEAK_LANES }, async () => {
      while (performance.now() - startMs < timeMs) {
        if ((await trial.call(caller))?.status === 200) delivered += 1;
      }
    }),
  );
  return (delivered * 1000) / (performance.now() - startMs);
}

/** Calls at an even pace, whatever becomes of them. */
export async function callEvenly(
  perSecond: number,
  timeMs: number,
  call: () => Promise<void>,
): Promise<void> {
  const startMs = performance.now();
  const calls = new Set<Promise<void>>();
  let made = 0;
  while (performance.now() - startMs < timeMs) {
    for (; made < ((performance.now() - startMs) / 1000) * perSecond; made += 1) {
      const one: Promise<void> = call().finally(() => calls.delete(one));
      calls.add(one);
    }
    await sleep(2);
  }
  await Promise.all(calls);
}
