/** A wall clock that jumps under load, by libfaketime: no credit twice, nobody locked out, no negative time. */
import type { Caller } from './data-folder.ts';
import { fakeClock, NO_FAKE_CLOCK } from './fake-clock.ts';
import { LimitedCaller, STRICT } from './limited-caller.ts';
import type { Acknowledged } from './load.ts';
import { type PromiseOptions, type PromiseReport, sleep, Trial } from './promise.ts';

/** An hour and a day, forth and back. */
const OFFSETS = ['+3600', '+0', '-3600', '+0', '+86400', '+0', '-86400', '+0'] as const;
const LANES = 3;
const LOAD_MS = 600;
const ASYNC_PAUSE_MS = 200;

/** Calls until told to stop; the first lane's are answered at once. */
async function callOn(
  trial: Trial,
  callers: readonly [Caller, Caller],
  lane: number,
  isStopped: () => boolean,
  note: (answer: Acknowledged | undefined) => void,
): Promise<void> {
  while (!isStopped()) {
    const caller = callers[trial.random() < 0.5 ? 0 : 1];
    note(await trial.call(caller, { isAsync: lane === 0 }));
    // No more jobs in the background than can be done.
    if (lane === 0) await sleep(ASYNC_PAUSE_MS);
  }
}

async function work(trial: Trial, jump: (to: string) => void, rounds: number) {
  const caller = await trial.newCaller(100_000);
  const slow = await trial.withPicture(caller, 'slow');
  const limited = LimitedCaller.pair(trial);
  for (const one of limited) await one.exhaust();
  const before = trial.balance(caller);
  const counts: Record<string, number> = {};
  let jumps = 0;
  const offsets = Array.from({ length: rounds }, () => OFFSETS).flat();
  for (const offset of offsets) {
    let isStopped = false;
    const note = (answer: Acknowledged | undefined) => {
      const got = answer?.status ?? 0;
      counts[got] = (counts[got] ?? 0) + 1;
      trial.expect(got === 200 || got === 202, `jump ${jumps}, ${offset}: ${got} ${answer?.code}`);
    };
    const lanes = Array.from({ length: LANES }, (_, lane) =>
      callOn(trial, [slow, caller], lane, () => isStopped, note),
    );
    await sleep(trial.random() * LOAD_MS);
    jump(offset);
    jumps += 1;
    await sleep(LOAD_MS);
    isStopped = true;
    await Promise.all(lanes);
    for (const one of limited) await one.knock(`jump ${jumps}, ${offset}`);
  }
  trial.expect(await trial.allEnded(), 'jobs stay unfinished');
  const settled = trial.folder.count("state = 'settled'");
  const paid = before - trial.balance(caller);
  trial.expect(paid === settled, `${settled} results, ${paid} credits`);
  const backwards = trial.folder.count('finished_at < started_at OR started_at < created_at');
  trial.expect(backwards === 0, `${backwards} jobs end before they begin`);
  const shutOutS = Math.max(...(await Promise.all(limited.map((one) => one.letIn()))));
  return {
    done: `${jumps} jumps of the clock under load of ${LANES} lanes`,
    figures: {
      ...Object.fromEntries(
        Object.entries(counts).map(([status, count]) => [`got_${status}`, count]),
      ),
      ...{ jumps, settled, creditsPaid: paid, endBeforeBegin: backwards },
      longestShutOutS: Math.round(shutOutS),
    },
    violations: trial.violations,
  };
}

/** Each round is eight jumps. */
export async function clocks({ rounds, seed }: PromiseOptions): Promise<PromiseReport> {
  const clock = fakeClock();
  if (clock === undefined) return { done: '', figures: {}, violations: [], skipped: NO_FAKE_CLOCK };
  try {
    const env = { ...clock.env, ...STRICT };
    return await Trial.run(seed, (trial) => work(trial, clock.jump, rounds), { env });
  } finally {
    clock.remove();
  }
}
