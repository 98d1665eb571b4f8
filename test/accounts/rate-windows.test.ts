import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { RateWindows, steadyClock } from '../../src/accounts/rate-windows.ts';
import { AccountsTable } from '../../src/store/accounts-table.ts';
import { Database } from '../../src/store/database.ts';
import { DayCountsTable } from '../../src/store/day-counts-table.ts';

const NOON = Date.UTC(2026, 2, 15, 12);
const MIDNIGHT = Date.UTC(2026, 2, 16);
const ACCOUNT = {
  name: '',
  plan: 'pro',
  status: 'active',
  monthlyAllowance: null,
  perMinute: null,
  perDay: null,
  createdAt: 0,
} as const;
const NONE = { perMinute: undefined, perDay: undefined };

function fixture(nowMs = NOON) {
  const database = Database.open(':memory:');
  onTestFinished(() => database.close());
  const accounts = new AccountsTable(database);
  for (const id of ['acc_a', 'acc_b']) {
    accounts.insert({ ...ACCOUNT, id });
  }
  const table = new DayCountsTable(database, 'paid');
  const clock = { nowMs };
  const open = () => new RateWindows(table, () => clock.nowMs);
  return { open, windows: open(), clock };
}

const allowedOf = (
  windows: RateWindows,
  count: number,
  limits: Parameters<RateWindows['hit']>[1],
) =>
  Array.from({ length: count }, () => windows.hit('acc_a', limits)).filter(({ allowed }) => allowed)
    .length;

describe('the minute', () => {
  test('1,000 requests at a limit of 100 give exactly 100', () => {
    const { windows } = fixture();
    expect(allowedOf(windows, 1000, { perMinute: 100, perDay: 5000 })).toBe(100);
  });

  test('opens with the first request and is full until 60 s after it', () => {
    const { windows, clock } = fixture(NOON + 500);
    const limits = { perMinute: 2, perDay: undefined };
    expect(windows.hit('acc_a', limits)).toMatchObject({ allowed: true, remaining: 1 });
    clock.nowMs += 59_000;
    expect(windows.hit('acc_a', limits)).toMatchObject({ allowed: true, remaining: 0 });
    clock.nowMs += 999;
    expect(windows.hit('acc_a', limits)).toEqual({
      allowed: false,
      remaining: 0,
      resetUnixS: NOON / 1000 + 61,
      retryAfterS: 1,
    });
    clock.nowMs += 1;
    expect(windows.hit('acc_a', limits)).toMatchObject({ allowed: true, remaining: 1 });
  });

  test('is one for each account', () => {
    const { windows } = fixture();
    const limits = { perMinute: 1, perDay: 1 };
    expect(windows.hit('acc_a', limits).allowed).toBe(true);
    expect(windows.hit('acc_a', limits).allowed).toBe(false);
    expect(windows.hit('acc_b', limits).allowed).toBe(true);
  });
});

describe('the day', () => {
  test('ends at midnight UTC, and refused requests are not counted in it', () => {
    const { windows, clock } = fixture();
    const limits = { perMinute: 3, perDay: 5 };
    expect(allowedOf(windows, 100, limits)).toBe(3);
    clock.nowMs += 60_000;
    expect(allowedOf(windows, 100, limits)).toBe(2);
    clock.nowMs += 60_000;
    expect(windows.hit('acc_a', limits)).toMatchObject({
      allowed: false,
      remaining: 0,
      resetUnixS: MIDNIGHT / 1000,
    });
    clock.nowMs = MIDNIGHT;
    expect(allowedOf(windows, 1, limits)).toBe(1);
  });

  test('when both windows are full, the later end is told', () => {
    const { windows } = fixture();
    const limits = { perMinute: 2, perDay: 2 };
    allowedOf(windows, 2, limits);
    expect(windows.hit('acc_a', limits)).toMatchObject({
      allowed: false,
      resetUnixS: MIDNIGHT / 1000,
      retryAfterS: 12 * 3600,
    });
  });

  test('survives a restart when flushed', () => {
    const { windows, open, clock } = fixture();
    const limits = { perMinute: undefined, perDay: 5 };
    expect(allowedOf(windows, 4, limits)).toBe(4);
    windows.flush();
    const restarted = open();
    expect(allowedOf(restarted, 4, limits)).toBe(1);
    restarted.flush();
    clock.nowMs = MIDNIGHT;
    expect(allowedOf(open(), 9, limits)).toBe(5);
  });

  test('a flush forgets the windows of the past and nothing else', () => {
    const { windows, clock } = fixture();
    const limits = { perMinute: 9, perDay: 5 };
    expect(allowedOf(windows, 4, limits)).toBe(4);
    clock.nowMs += 60_000;
    windows.flush();
    expect(allowedOf(windows, 4, limits)).toBe(1);
  });
});

test('without limits everything is allowed', () => {
  const { windows } = fixture();
  expect(allowedOf(windows, 5000, NONE)).toBe(5000);
  expect(windows.hit('acc_a', NONE)).toMatchObject({
    remaining: 2_147_483_647,
    resetUnixS: NOON / 1000 + 60,
  });
});

test('the steady clock tells the time and never goes back', () => {
  const now = steadyClock();
  const times = Array.from({ length: 1000 }, now);
  expect(Math.abs(times[0]! - Date.now())).toBeLessThan(1000);
  expect([...times].sort((a, b) => a - b)).toEqual(times);
});

test('the steady clock does not follow a wall clock that jumps', () => {
  const startMs = Date.now();
  vi.useFakeTimers({ now: startMs, toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
  const now = steadyClock();
  for (const jumpMs of [-86_400_000, 86_400_000]) {
    vi.setSystemTime(startMs + jumpMs);
    expect(Math.abs(now() - startMs)).toBeLessThan(60_000);
  }
});
