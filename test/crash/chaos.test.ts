/** Short forms of `npm run chaos`. */
import { expect, test } from 'vitest';
import { clocks } from './clocks.ts';
import { daylightSaving } from './daylight-saving.ts';
import { disconnects } from './disconnects.ts';
import { idempotency } from './idempotency.ts';
import { overdraft } from './overdraft.ts';
import { terminations } from './terminations.ts';
import { workerDeaths } from './worker-deaths.ts';

const SEED = 20_260_102;
const LONG = { timeout: 240_000 };

test('200 calls at once on a balance of one are one delivery and 199 refusals', LONG, async () => {
  const report = await overdraft({ rounds: 5, seed: SEED });
  expect(report.violations).toEqual([]);
  expect(report.figures).toMatchObject({ delivered: 5, refused402: 5 * 199 });
});

test('one Idempotency-Key 50 times at once is one charge, also over a kill', LONG, async () => {
  const report = await idempotency({ rounds: 10, seed: SEED });
  expect(report.violations).toEqual([]);
  expect(report.figures).toMatchObject({ kills: 1, charges: 10 });
});

test('callers who leave free the worker and pay for stored results only', LONG, async () => {
  const report = await disconnects({ rounds: 40, seed: SEED });
  expect(report.violations).toEqual([]);
  expect(report.figures['voided']).toBeGreaterThan(10);
});

test('an engine that is killed, hangs, gives NaN or starves costs one free job', LONG, async () => {
  const report = await workerDeaths({ rounds: 14, seed: SEED });
  expect(report.violations).toEqual([]);
  expect(report.figures).toMatchObject({ voided: 14, hang: 1, memory: 2, nan: 9, kill: 2 });
});

test('SIGTERM under load cuts no answer and leaves no synchronous job', LONG, async () => {
  const report = await terminations({ rounds: 5, seed: SEED });
  expect(report.violations).toEqual([]);
  expect(report.figures['got_200']).toBeGreaterThan(0);
});

test(
  'a wall clock that jumps under load charges nothing twice and shuts nobody out',
  LONG,
  async (context) => {
    const report = await clocks({ rounds: 1, seed: SEED });
    if (report.skipped !== undefined) context.skip(report.skipped);
    expect(report.violations).toEqual([]);
    expect(report.figures).toMatchObject({ jumps: 8 });
    expect(report.figures['longestShutOutS']).toBeLessThanOrEqual(62);
  },
);

test(
  'the hour that is skipped and the one that comes twice change nothing',
  LONG,
  async (context) => {
    const report = await daylightSaving({ rounds: 1, seed: SEED });
    if (report.skipped !== undefined) context.skip(report.skipped);
    expect(report.violations).toEqual([]);
    expect(report.figures['springAfterTheChange']).toBeGreaterThan(0);
    expect(report.figures['autumnAfterTheChange']).toBeGreaterThan(0);
  },
);
