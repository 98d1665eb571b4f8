/** Engines that are killed, hang, give NaN or run out of memory: each costs its one job, which is free. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Caller } from './data-folder.ts';
import type { Acknowledged } from './load.ts';
import { type PromiseOptions, type PromiseReport, percentile, sleep, Trial } from './promise.ts';

const CREDITS = 100_000;
/** Long enough for the next job to wait while an engine is replaced on a busy machine. */
const DEADLINE_S = 15;
/** Its decoded pixels alone are more than an engine process ever leaves mapped and unused. */
const BIG_PX = 5_000;
/** Of twenty deaths one hangs: it takes its deadline and the grace, some 20 s. */
const KINDS = [
  ...['hang', 'memory', 'memory'],
  ...Array.from({ length: 9 }, () => 'nan'),
  ...Array.from({ length: 8 }, () => 'kill'),
] as const;

async function enginePid(trial: Trial): Promise<number> {
  for (;;) {
    const answer = await fetch(`${trial.url}/readyz`);
    const { devices } = (await answer.json()) as { devices: readonly { pid: number }[] };
    const pid = devices[0]?.pid;
    if (answer.status === 200 && pid !== undefined) return pid;
    await sleep(20);
  }
}

const limitMemory = (pid: number, limit: string) =>
  execFileSync('prlimit', ['--pid', String(pid), `--as=${limit}:unlimited`]);

/** Let a job run into an engine with no memory left to take. */
async function starve(trial: Trial, caller: Caller): Promise<Acknowledged | undefined> {
  const pid = await enginePid(trial);
  const kib = Number(/VmSize:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  limitMemory(pid, String(kib * 1024));
  try {
    return await trial.call(caller);
  } finally {
    if ((await enginePid(trial)) === pid) limitMemory(pid, 'unlimited');
  }
}

/** Kill the engine while a job runs in it. */
async function killUnder(trial: Trial, caller: Caller): Promise<Acknowledged | undefined> {
  const pid = await enginePid(trial);
  const call = trial.call(caller);
  const isRunning = () => trial.folder.count("state = 'running'") > 0;
  while (!isRunning()) await sleep(2);
  await sleep(trial.random() * 20);
  process.kill(pid, 'SIGKILL');
  return call;
}

export const workerDeaths = ({ rounds, seed }: PromiseOptions): Promise<PromiseReport> =>
  Trial.run(
    seed,
    async (trial) => {
      const plain = await trial.newCaller(CREDITS);
      const slow = await trial.withPicture(plain, 'slow');
      const nan = await trial.withPicture(plain, 'nan');
      const endless = await trial.withPicture(plain, 'endless');
      const big = await trial.withPicture(plain, 'plain', BIG_PX);
      const deaths: Readonly<Record<string, () => Promise<Acknowledged | undefined>>> = {
        kill: () => killUnder(trial, slow),
        nan: () => trial.call(nan),
        hang: () => trial.call(endless),
        memory: () => starve(trial, big),
      };
      const counts: Record<string, number> = { kill: 0, nan: 0, hang: 0, memory: 0 };
      // Where a library does not look at what it is given, want of memory ends the process: then it is a 500.
      let toldOfMemory = 0;
      const waits: number[] = [];
      for (let round = 0; round < rounds; round += 1) {
        const kind = KINDS[round % KINDS.length] ?? 'nan';
        counts[kind] = (counts[kind] ?? 0) + 1;
        const before = trial.balance(plain);
        const answer = await deaths[kind]?.();
        const got = `${answer?.status} ${answer?.code}`;
        const isKnown = kind === 'memory' && got === '503 overloaded';
        if (isKnown) toldOfMemory += 1;
        trial.expect(
          isKnown || got === '500 internal_error',
          `round ${round}, ${kind}: answered ${got}`,
        );
        const cost = before - trial.balance(plain);
        trial.expect(cost === 0, `round ${round}, ${kind}: cost ${cost}`);
        const next = await trial.call(plain);
        trial.expect(next?.status === 200, `round ${round}, ${kind}: then ${next?.status}`);
        waits.push(next?.durationMs ?? 0);
      }
      const voided = trial.folder.count("state = 'voided'");
      trial.expect(voided === rounds, `${voided} jobs were voided, not ${rounds}`);
      return {
        done: `${rounds} runs ended badly, a good one after each`,
        figures: {
          ...counts,
          toldOfMemory,
          voided,
          nextCallMedianMs: Math.round(percentile(waits, 0.5)),
          nextCallLongestMs: Math.round(percentile(waits, 1)),
        },
        violations: trial.violations,
      };
    },
    { env: { GARNISH_DEADLINE_S: String(DEADLINE_S) } },
  );
