/** Short forms of `npm run pressure -- overload` and `npm run chaos -- soak`, for machines that do more. */
import { expect, test } from 'vitest';
import { overload } from './overload.ts';
import { soak } from './soak.ts';

const LONG = { timeout: 180_000 };
const OVERLOAD_S = 8;
const SOAK_MINUTES = 0.2;

test('at ten times capacity refusals say when to come again and cost nothing', LONG, async () => {
  const { violations, figures } = await overload(OVERLOAD_S, 0.5);
  expect(violations).toEqual([]);
  expect(figures['accepted']).toBeGreaterThan(0);
  expect(figures['refused']).toBeGreaterThan(Number(figures['accepted']));
});

test('at 70 % of its pace a server answers everybody and replaces no engine', LONG, async () => {
  const { violations, figures } = await soak({ rounds: SOAK_MINUTES, seed: 20_260_103 });
  expect(violations).toEqual([]);
  expect(figures['delivered']).toBeGreaterThan(0);
  expect(figures['restarts']).toBe(0);
});
