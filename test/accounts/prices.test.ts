import { expect, test } from 'vitest';
import { loadPrices } from '../../src/accounts/prices.ts';

test("the data file says what the contract's tables say", () => {
  const { plans, operations, published } = loadPrices();
  const monthly = Object.entries(plans).map(([name, plan]) => [name, plan.monthlyCredits]);
  expect(monthly.slice(0, 3)).toEqual([
    ['starter', 20],
    ['growth', 100],
    ['pro', 400],
  ]);
  for (const name of ['starter', 'growth', 'pro'] as const) {
    expect(plans[name]).toMatchObject({ perMinute: 60, perDay: 1000 });
  }
  expect(operations).toEqual({
    generate: { 'flux-2-pro': 1, seeddream: 1, 'flux-2-max': 2 },
    enhance: 1,
    'remove-background': 1,
    upscale: { '2': 1, '4': 2 },
  });
  expect(published).toEqual({
    starterPriceUsd: 3,
    starterCredits: plans.starter.monthlyCredits,
    pricePerCreditUsd: 0.05,
    startupGrantCredits: 1000,
  });
});
