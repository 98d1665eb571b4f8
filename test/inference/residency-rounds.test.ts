/** The proof of scripts/bench/residency.ts in short: a few rounds of packs that push each other out. */
import { expect, test } from 'vitest';
import { residencyRounds } from '../../scripts/bench/residency-rounds.ts';

test('ten rounds of three packs under a budget for two take no more memory than one', async () => {
  const packMib = 48;
  const { loads, fresh, first, last, largest, emptied, recycled } = await residencyRounds({
    rounds: 10,
    packMib,
  });
  expect(loads).toBe(30);
  expect(first).toBeGreaterThan(fresh + 2 * packMib * 0.9); // two are there
  expect(largest).toBeLessThan(fresh + 3 * packMib); // the third is not
  expect(last).toBeLessThan(first * 1.1);
  expect(emptied).toBeLessThan(fresh * 1.3);
  expect(recycled).toBeLessThan(fresh * 1.1);
});
