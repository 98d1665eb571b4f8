/** The same Idempotency-Key 50 times at once, in some rounds with a kill in between: one charge each. */
import { randomUUID } from 'node:crypto';
import type { Caller } from './data-folder.ts';
import { type PromiseOptions, type PromiseReport, sleep, Trial } from './promise.ts';

const CALLS = 50;
const KILL_EVERY = 10;
const MAX_KILL_AFTER_MS = 80;
const TRIES = 400;
const PAUSE_MS = 25;

/** One careful client: tries again until its call is delivered. @returns The job's id. */
async function untilDelivered(
  trial: Trial,
  caller: Caller,
  idempotencyKey: string,
): Promise<string | undefined> {
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const answer = await trial.call(caller, { idempotencyKey });
    if (answer?.status === 200) return answer.id;
    const mayRetry = answer === undefined || answer.status === 409 || answer.status === 503;
    trial.expect(mayRetry, `answered ${answer?.status} ${answer?.code}`);
    await sleep(PAUSE_MS);
  }
  return undefined;
}

export const idempotency = ({ rounds, seed }: PromiseOptions): Promise<PromiseReport> =>
  Trial.run(seed, async (trial) => {
    const caller = await trial.newCaller(rounds * CALLS);
    let kills = 0;
    for (let round = 0; round < rounds; round += 1) {
      const before = trial.balance(caller);
      const key = randomUUID();
      const calls = Array.from({ length: CALLS }, () => untilDelivered(trial, caller, key));
      if (round % KILL_EVERY === KILL_EVERY - 1) {
        await sleep(trial.random() * MAX_KILL_AFTER_MS);
        await trial.server.kill();
        kills += 1;
        await trial.restart();
      }
      const ids = new Set(await Promise.all(calls));
      trial.expect(ids.size === 1 && !ids.has(undefined), `round ${round}: jobs ${[...ids]}`);
      const charged = before - trial.balance(caller);
      trial.expect(charged === 1, `round ${round}: ${charged} credits were charged`);
    }
    return {
      done: `${rounds} rounds of ${CALLS} calls at once with one key, ${kills} of them with a kill`,
      figures: { rounds, kills, charges: rounds * CALLS - trial.balance(caller) },
      violations: trial.violations,
    };
  });
