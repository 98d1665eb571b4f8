import { afterEach, expect, it, vi } from 'vitest';
import { steadyNow } from '../../src/cli/clock.ts';

const DAY_MS = 86_400_000;

afterEach(() => {
  vi.useRealTimers();
});

it('goes on evenly when the wall clock jumps', () => {
  const before = steadyNow();
  expect(Math.abs(before - Date.now())).toBeLessThan(60_000);
  for (const jumpMs of [DAY_MS, -DAY_MS]) {
    vi.useFakeTimers({ now: before + jumpMs, toFake: ['Date'] });
    expect(steadyNow()).toBeGreaterThanOrEqual(before);
    expect(steadyNow()).toBeLessThan(before + 60_000);
  }
});
