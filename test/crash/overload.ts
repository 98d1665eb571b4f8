/**
 * Arrivals at ten times what the server can do: whoever is refused is told when to come again and pays
 * nothing, and those who are taken are served as fast as before.
 */
import { type Caller, DataFolder, pictureFor, upload } from './data-folder.ts';
import { type Acknowledged, callPaid } from './load.ts';
import { freePort, RealServer } from './real-server.ts';

/** What came of it. */
export interface PressureReport {
  readonly done: string;
  readonly figures: Readonly<Record<string, number | string>>;
  readonly violations: readonly string[];
  /** Why it could not be tried here. */
  readonly skipped?: string;
}

const LANES = 8;
const TIMES_CAPACITY = 10;
const IDLE_REFUSALS = 300;
const CREDITS = 1_000_000;
const MIN_SHARE_OF_PEAK = 0.95;
const LIMITS = { GARNISH_MAX_QUEUE: String(LANES), GARNISH_MAX_JOBS_PER_ACCOUNT: '1000' };

const sleep = (timeMs: number) => new Promise((resolve) => setTimeout(resolve, timeMs));

const p99Ms = (answers: readonly Acknowledged[]): number => {
  const times = answers.map(({ durationMs }) => durationMs).sort((a, b) => a - b);
  return Math.round((times[Math.floor(times.length * 0.99)] ?? 0) * 10) / 10;
};

/** Results a second with as many callers as the server lets wait. */
async function peakPerS(url: string, caller: Caller, lastMs: number): Promise<number> {
  const startedMs = performance.now();
  let delivered = 0;
  const lane = async () => {
    while (performance.now() - startedMs < lastMs) {
      if ((await callPaid(url, caller)).status === 200) delivered += 1;
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return delivered / ((performance.now() - startedMs) / 1000);
}

/** Arrivals at a rate, whether or not earlier ones were answered. */
async function arrivals(url: string, caller: Caller, perS: number, lastMs: number) {
  const startedMs = performance.now();
  const calls: Promise<Acknowledged>[] = [];
  while (performance.now() - startedMs < lastMs) {
    const due = ((performance.now() - startedMs) / 1000) * perS;
    while (calls.length < due) calls.push(callPaid(url, caller));
    await sleep(5);
  }
  return Promise.all(calls);
}

function wrongAnswers(refused: readonly Acknowledged[]): readonly string[] {
  return refused
    .filter(({ status, retryAfter }) => !(status === 429 || status === 503) || retryAfter === null)
    .map(({ status, code, retryAfter }) => `refused ${status} ${code}, Retry-After ${retryAfter}`);
}

/**
 * Overload a server.
 * @param seconds How long; the peak is measured for a quarter of it first.
 * @param minShareOfPeak What must be delivered of it: less where other work shares the machine.
 */
export async function overload(
  seconds: number,
  minShareOfPeak = MIN_SHARE_OF_PEAK,
): Promise<PressureReport> {
  const folder = new DataFolder();
  const server = new RealServer({ dataDir: folder.path, port: await freePort(), env: LIMITS });
  try {
    await server.ready();
    const caller = folder.newCaller(CREDITS);
    caller.imageUrl = await upload(server.url, caller.key, await pictureFor('slow'));
    const poor = { ...folder.newCaller(0), imageUrl: caller.imageUrl };
    const idle: Acknowledged[] = [];
    for (let i = 0; i < IDLE_REFUSALS; i += 1) idle.push(await callPaid(server.url, poor));
    const peak = await peakPerS(server.url, caller, seconds * 250);
    const before = folder.count("state = 'settled'");
    const startedMs = performance.now();
    const answers = await arrivals(server.url, caller, TIMES_CAPACITY * peak, seconds * 1000);
    const tookS = (performance.now() - startedMs) / 1000;
    const accepted = answers.filter(({ status }) => status === 200).length;
    const refused = answers.filter(({ status }) => status !== 200);
    const violations = [...wrongAnswers(refused)];
    const settled = folder.count("state = 'settled'");
    const paid = CREDITS - folder.books((books) => books.ledger.balance(caller.accountId).total);
    if (settled - before !== accepted)
      violations.push(`${settled - before} settled, ${accepted} x 200`);
    if (paid !== settled) violations.push(`${paid} credits paid for ${settled} results`);
    const share = accepted / tookS / peak;
    if (share < minShareOfPeak) violations.push(`accepted ${share.toFixed(3)} of the peak`);
    if ((await server.stop()) !== 0) violations.push('the stop was not clean');
    violations.push(...folder.audit(false));
    return {
      done: `${answers.length} arrivals in ${seconds} s, ${TIMES_CAPACITY} times the peak`,
      figures: {
        ...{ peakPerS: peak.toFixed(2), acceptedPerS: (accepted / tookS).toFixed(2) },
        ...{ shareOfPeak: share.toFixed(3), accepted, refused: refused.length },
        ...{ refusalP99Ms: p99Ms(refused), idleRefusalP99Ms: p99Ms(idle) },
      },
      violations,
    };
  } finally {
    await server.kill();
    folder.remove();
  }
}
