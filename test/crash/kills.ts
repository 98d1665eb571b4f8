/**
 * kill -9 of the real server at random moments under load, a restart, an audit, again. After the last
 * one every job that was acknowledged must have come to an end, and its webhook been told.
 */
import { DataFolder, pictureFor, upload } from './data-folder.ts';
import { Acknowledgements, runLane } from './load.ts';
import { freePort, RealServer } from './real-server.ts';
import { Receiver } from './receiver.ts';
import { seededRandom } from './seeded-random.ts';

/** How often and how. */
export interface KillsOptions {
  readonly kills: number;
  readonly seed: number;
  readonly lanes?: number;
  /** Told after each kill. */
  readonly onKill?: (report: KillsReport) => void;
}

/** What came of it. */
export interface KillsReport {
  readonly kills: number;
  readonly delivered: number;
  readonly submitted: number;
  readonly settled: number;
  readonly voided: number;
  /** Events that a webhook's receiver got, those that came again too, and the jobs they were about. */
  readonly events: number;
  readonly jobsTold: number;
  readonly violations: readonly string[];
}

const ACCOUNTS = 3;
const CREDITS = 1_000_000;
const MAX_LIFE_MS = 500;
/** Share of kills that come before the server is ready. */
const EARLY_SHARE = 0.15;
const MAX_START_MS = 700;
const READER_PERIOD_MS = 25;
const END_TIMEOUT_MS = 60_000;

const sleep = (timeMs: number) => new Promise((resolve) => setTimeout(resolve, timeMs));

/** Jobs whose state does not fit what callers were told. */
function brokenPromises(
  folder: DataFolder,
  acknowledged: Acknowledgements,
  isEnd: boolean,
): readonly string[] {
  const violations: string[] = [];
  const states = new Map(folder.jobs().map((job) => [job.id, job]));
  for (const id of acknowledged.delivered) {
    if (states.get(id)?.state !== 'settled') violations.push(`${id} was delivered, not settled.`);
  }
  for (const id of acknowledged.submitted) {
    if (!states.has(id)) violations.push(`${id} was acknowledged and is lost.`);
  }
  for (const { id, state, isAsync } of states.values()) {
    const isUnfinished = state !== 'settled' && state !== 'voided';
    if (isUnfinished && (isEnd || isAsync === 0)) violations.push(`${id} stays ${state}.`);
  }
  return violations;
}

/** One series of kills on a data folder of its own. */
export async function runKills(options: KillsOptions): Promise<KillsReport> {
  const random = seededRandom(options.seed);
  const folder = new DataFolder();
  const port = await freePort();
  const receiver = await Receiver.listen();
  const env = { ...ROOM, GARNISH_FETCH_ALLOW: receiver.host };
  const start = () => new RealServer({ dataDir: folder.path, port, env });
  const acknowledged = new Acknowledgements();
  const violations: string[] = [];
  const note = (found: readonly string[], kill: number) => {
    violations.push(...found.map((text) => `kill ${kill}: ${text}`));
  };
  const callers = Array.from({ length: ACCOUNTS }, () => folder.newCaller(CREDITS));
  let kills = 0;
  let server = start();
  try {
    await server.ready();
    for (const caller of callers) {
      caller.imageUrl = await upload(server.url, caller.key, await pictureFor('plain'));
      await receiver.watch(server.url, caller);
    }
    const report = (): KillsReport => ({
      kills,
      delivered: acknowledged.delivered.size,
      submitted: acknowledged.submitted.size,
      settled: folder.count("state = 'settled'"),
      voided: folder.count("state = 'voided'"),
      events: receiver.received,
      jobsTold: receiver.jobs,
      violations: [...violations, ...acknowledged.violations, ...receiver.violations],
    });
    while (kills < options.kills) {
      let isStopped = false;
      const lanes = Array.from({ length: options.lanes ?? 4 }, () =>
        runLane(server.url, callers, acknowledged, random, () => isStopped),
      );
      const reader = (async () => {
        while (!isStopped) {
          note(folder.halfWritten(), kills);
          await sleep(READER_PERIOD_MS);
        }
      })();
      await sleep(random() * MAX_LIFE_MS);
      await server.kill();
      isStopped = true;
      await Promise.all([...lanes, reader]);
      kills += 1;
      server = start();
      while (random() < EARLY_SHARE && kills < options.kills) {
        await sleep(random() * MAX_START_MS);
        await server.kill();
        kills += 1;
        server = start();
      }
      await server.ready();
      note(folder.audit(true), kills);
      note(brokenPromises(folder, acknowledged, false), kills);
      options.onKill?.(report());
    }
    const giveUpMs = performance.now() + END_TIMEOUT_MS;
    while (folder.unfinished().length > 0 && performance.now() < giveUpMs) await sleep(100);
    const late = folder.unfinished().map((text) => `${text}, ${END_TIMEOUT_MS / 1000} s after`);
    note(late, kills);
    if ((await server.stop()) !== 0) violations.push('the last stop was not clean');
    note(receiver.broken(folder), kills);
    note(folder.audit(false), kills);
    note(brokenPromises(folder, acknowledged, true), kills);
    return report();
  } finally {
    await server.kill();
    receiver.close();
    folder.remove();
  }
}

/** No cap may get into the way of the load. */
const ROOM = { GARNISH_MAX_ASYNC_JOBS_PER_ACCOUNT: '100000', GARNISH_MAX_ASYNC_JOBS: '100000' };
