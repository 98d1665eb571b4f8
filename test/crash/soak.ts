/** A long time at 70 % of what the server can do: its memory, its open files and its engines stay. */
import { readdirSync, readFileSync } from 'node:fs';
import {
  callEvenly,
  measurePeak,
  type PromiseOptions,
  type PromiseReport,
  sleep,
  Trial,
} from './promise.ts';

const SHARE = 0.7;
const PEAK_MS = 5_000;
const SAMPLES = 120;
const MAX_MIB_PER_HOUR = 1;
/** Below this time a slope says nothing: caches are still filling, and a burst holds files open. */
const LEAST_MINUTES_TO_JUDGE = 60;
/** The first share of the samples is warming up. */
const WARM_UP_SHARE = 0.25;
const MAX_MORE_FILES = 10;
/** Files are counted when nobody calls: connections that idle are closed after ten seconds, those of a busy moment are no leak. */
const REST_MS = 15_000;

interface Sample {
  readonly hours: number;
  readonly apiMib: number;
  readonly engineMib: number;
}

const memoryMib = (pid: number) =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
const openFiles = (pid: number) => readdirSync(`/proc/${pid}/fd`).length;

/** Slope of the straight line through samples, per hour. */
function slope(samples: readonly Sample[], of: 'apiMib' | 'engineMib'): number {
  const mean = (figures: readonly number[]) => figures.reduce((a, b) => a + b, 0) / figures.length;
  const x = mean(samples.map(({ hours }) => hours));
  const y = mean(samples.map((sample) => sample[of]));
  const over = samples.reduce((sum, sample) => sum + (sample.hours - x) * (sample[of] - y), 0);
  return over / samples.reduce((sum, { hours }) => sum + (hours - x) ** 2, 0);
}

async function engineOf(trial: Trial) {
  const answer = await fetch(`${trial.url}/readyz`);
  const { devices } = (await answer.json()) as {
    devices: readonly [{ pid: number; restarts: number }];
  };
  return devices[0];
}

async function work(trial: Trial, minutes: number): Promise<PromiseReport> {
  const caller = await trial.newCaller(10_000_000);
  const peak = await measurePeak(trial, caller, PEAK_MS);
  const api = trial.server.child.pid ?? 0;
  const engine = (await engineOf(trial)).pid;
  const timeMs = minutes * 60_000;
  const isJudged = minutes >= LEAST_MINUTES_TO_JUDGE;
  const filesAtRest = async () => {
    if (isJudged) await sleep(REST_MS);
    return openFiles(api) + openFiles(engine);
  };
  const filesBefore = await filesAtRest();
  const startMs = performance.now();
  const samples: Sample[] = [];
  const sampling = (async () => {
    while (performance.now() - startMs < timeMs) {
      const [apiMib, engineMib] = [memoryMib(api), memoryMib(engine)];
      samples.push({ hours: (performance.now() - startMs) / 3_600_000, apiMib, engineMib });
      await sleep(timeMs / SAMPLES);
    }
  })();
  let delivered = 0;
  await callEvenly(peak * SHARE, timeMs, async () => {
    const answer = await trial.call(caller);
    if (answer?.status === 200) delivered += 1;
    else trial.violations.push(`answered ${answer?.status} ${answer?.code}`);
  });
  await sampling;
  const steady = samples.slice(Math.floor(samples.length * WARM_UP_SHARE));
  const [first, last] = [steady[0], steady.at(-1)];
  const { restarts } = await engineOf(trial);
  trial.expect(restarts === 0, `the engine was restarted ${restarts} times`);
  const filesAfter = await filesAtRest();
  const moreFiles = filesAfter - filesBefore;
  trial.expect(!isJudged || moreFiles <= MAX_MORE_FILES, `${moreFiles} more files are open`);
  const slopes = { api: slope(steady, 'apiMib'), engine: slope(steady, 'engineMib') };
  for (const [name, mibPerHour] of Object.entries(slopes)) {
    const claim = `${name} grows by ${mibPerHour.toFixed(1)} MiB an hour`;
    trial.expect(!isJudged || mibPerHour < MAX_MIB_PER_HOUR, claim);
  }
  return {
    done: `${minutes} minutes at ${SHARE * 100} % of ${peak.toFixed(1)} a second`,
    figures: {
      delivered,
      apiMib: `${first?.apiMib.toFixed(1)} to ${last?.apiMib.toFixed(1)}`,
      apiMibPerHour: slopes.api.toFixed(1),
      engineMib: `${first?.engineMib.toFixed(1)} to ${last?.engineMib.toFixed(1)}`,
      engineMibPerHour: slopes.engine.toFixed(1),
      openFilesAtRest: `${filesBefore} to ${filesAfter}`,
      restarts,
    },
    violations: trial.violations,
  };
}

/** Rounds are minutes. */
export const soak = ({ rounds, seed }: PromiseOptions): Promise<PromiseReport> =>
  Trial.run(seed, (trial) => work(trial, rounds));
