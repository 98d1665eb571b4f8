/** Callers who leave at a random moment: the server lives, the worker is free again, each job has an end. */
import { type PromiseOptions, type PromiseReport, percentile, sleep, Trial } from './promise.ts';

const LANES = 4;
const MAX_STAY_MS = 400;
/** A run on a slow picture is one step of some 0.1 s; the next call waits for it at most. */
const MAX_WAIT_MS = 3_000;

export const disconnects = ({ rounds, seed }: PromiseOptions): Promise<PromiseReport> =>
  Trial.run(seed, async (trial) => {
    const credits = 10 * rounds;
    const slow = await trial.newCaller(credits, 'slow');
    const probe = await trial.newCaller(credits);
    const { pid } = trial.server.child;
    const waits: number[] = [];
    let left = 0;
    while (left < rounds) {
      const lanes = Math.min(LANES, rounds - left);
      await Promise.all(
        Array.from({ length: lanes }, async () => {
          const leave = new AbortController();
          const call = trial.call(slow, { signal: leave.signal });
          await sleep(trial.random() * MAX_STAY_MS);
          leave.abort();
          await call;
        }),
      );
      left += lanes;
      const next = await trial.call(probe);
      trial.expect(next?.status === 200, `after ${left} the next call got ${next?.status}`);
      waits.push(next?.durationMs ?? Number.POSITIVE_INFINITY);
    }
    trial.expect(await trial.allEnded(), 'jobs stay unfinished');
    const of = (state: string) =>
      trial.folder.count(`account_id = '${slow.accountId}' AND state = '${state}'`);
    const [settled, voided] = [of('settled'), of('voided')];
    const paid = credits - trial.balance(slow);
    trial.expect(paid === settled, `${settled} results, but ${paid} credits`);
    trial.expect(trial.server.isAlive && trial.server.child.pid === pid, 'the server ended');
    const longestMs = percentile(waits, 1);
    trial.expect(longestMs < MAX_WAIT_MS, `a next call took ${Math.round(longestMs)} ms`);
    return {
      done: `${rounds} callers left within ${MAX_STAY_MS} ms`,
      figures: {
        ...{ disconnects: left, settled, voided, neverArrived: left - settled - voided },
        nextCallMedianMs: Math.round(percentile(waits, 0.5)),
        nextCallLongestMs: Math.round(longestMs),
      },
      violations: trial.violations,
    };
  });
