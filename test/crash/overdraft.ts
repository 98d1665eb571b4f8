/** 200 calls at once on a balance of one credit: one is delivered, the others are told that it is short. */
import { type PromiseOptions, type PromiseReport, Trial } from './promise.ts';

const CALLS = 200;

export const overdraft = ({ rounds, seed }: PromiseOptions): Promise<PromiseReport> =>
  Trial.run(seed, async (trial) => {
    const caller = await trial.newCaller(0);
    let delivered = 0;
    let refused = 0;
    for (let round = 0; round < rounds; round += 1) {
      trial.folder.books(({ ledger }) => ledger.grant(caller.accountId, 1, 'one'));
      const answers = await Promise.all(
        Array.from({ length: CALLS }, () => trial.call(caller, { isAsync: false })),
      );
      const with200 = answers.filter((answer) => answer?.status === 200).length;
      const with402 = answers.filter((answer) => answer?.status === 402).length;
      delivered += with200;
      refused += with402;
      const isRight = with200 === 1 && with402 === CALLS - 1;
      trial.expect(isRight, `round ${round}: ${with200} x 200, ${with402} x 402`);
      const balance = trial.balance(caller);
      trial.expect(balance === 0, `round ${round}: the balance is ${balance}`);
    }
    return {
      done: `${rounds} rounds of ${CALLS} calls at once on a balance of 1`,
      figures: { rounds, delivered, refused402: refused },
      violations: trial.violations,
    };
  });
