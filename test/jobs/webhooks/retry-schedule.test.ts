import { expect, test } from 'vitest';
import { RETRY_DELAYS_MS, retryDelayMs } from '../../../src/jobs/webhooks/retry-schedule.ts';

const HOUR_MS = 3_600_000;
const total = (random: number) =>
  RETRY_DELAYS_MS.reduce((sum, _delay, i) => sum + (retryDelayMs(i + 1, random) ?? 0), 0);

test('the pauses grow', () => {
  expect([...RETRY_DELAYS_MS].sort((a, b) => a - b)).toEqual(RETRY_DELAYS_MS);
  expect(new Set(RETRY_DELAYS_MS).size).toBe(RETRY_DELAYS_MS.length);
});

test('all tries lie within 24 hours, whatever the jitter, and go on for most of them', () => {
  const attemptsMs = (RETRY_DELAYS_MS.length + 1) * 10_000;
  expect(total(1) + attemptsMs).toBeLessThanOrEqual(24 * HOUR_MS);
  expect(total(0)).toBeGreaterThan(18 * HOUR_MS);
});

test('jitter spreads a pause by a tenth to both sides', () => {
  expect([0, 0.5, 1].map((random) => retryDelayMs(2, random))).toEqual([27_000, 30_000, 33_000]);
});

test('after the last pause there is no further try', () => {
  expect(retryDelayMs(RETRY_DELAYS_MS.length, 0.5)).toBeDefined();
  expect(retryDelayMs(RETRY_DELAYS_MS.length + 1, 0.5)).toBeUndefined();
});
