/**
 * Rate windows of accounts: a minute's, opened by its first request, and the UTC day's; both shared
 * by the account's keys. Time is a monotonic clock plus the wall clock's offset at the start, so
 * that a clock that jumps locks nobody out. Day counts are flushed to disk and survive a restart.
 */
import type { DayCountsTable } from '../store/day-counts-table.ts';
import type { RateLimits } from './accounts.ts';

/** Where an account stands after one more request. */
export interface RateState {
  readonly allowed: boolean;
  /** The smaller of what the two windows leave. */
  readonly remaining: number;
  /** End of that window, of the later one when both are full; Unix seconds. */
  readonly resetUnixS: number;
  /** Seconds until a refused caller may try again; at least 1. */
  readonly retryAfterS: number;
}

interface Window {
  startMs: number;
  count: number;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Told as remaining where there is no limit: the largest number that every client can read. */
const UNLIMITED = 2_147_483_647;

/** Counts requests. */
export class RateWindows {
  readonly #table: DayCountsTable;
  readonly #nowMs: () => number;
  readonly #minutes = new Map<string, Window>();
  readonly #days = new Map<string, Window>();
  readonly #unflushed = new Set<string>();

  /** @param nowMs Milliseconds UTC that never go backwards. */
  constructor(table: DayCountsTable, nowMs: () => number) {
    this.#table = table;
    this.#nowMs = nowMs;
    const day = Math.floor(nowMs() / DAY_MS);
    for (const { accountId, count } of table.list(day)) {
      this.#days.set(accountId, { startMs: day * DAY_MS, count });
    }
  }

  /** Count one request, unless it is over a limit. */
  hit(accountId: string, limits: RateLimits): RateState {
    const nowMs = this.#nowMs();
    const minute = windowAt(this.#minutes, accountId, nowMs, MINUTE_MS, nowMs);
    const day = windowAt(this.#days, accountId, nowMs, DAY_MS, nowMs - (nowMs % DAY_MS));
    const perMinute = limits.perMinute ?? UNLIMITED;
    const perDay = limits.perDay ?? UNLIMITED;
    const allowed = minute.count < perMinute && day.count < perDay;
    if (allowed) {
      minute.count += 1;
      day.count += 1;
      this.#unflushed.add(accountId);
    }
    const leftMinute = limits.perMinute === undefined ? UNLIMITED : perMinute - minute.count;
    const leftDay = limits.perDay === undefined ? UNLIMITED : perDay - day.count;
    const minuteEndMs = minute.startMs + MINUTE_MS;
    const dayEndMs = day.startMs + DAY_MS;
    const isBothFull = leftDay <= 0 && leftMinute <= 0;
    const firstEndMs = leftDay < leftMinute ? dayEndMs : minuteEndMs;
    const endMs = isBothFull ? Math.max(minuteEndMs, dayEndMs) : firstEndMs;
    return {
      allowed,
      remaining: Math.max(0, Math.min(leftMinute, leftDay)),
      resetUnixS: Math.ceil(endMs / 1000),
      retryAfterS: Math.max(1, Math.ceil((endMs - nowMs) / 1000)),
    };
  }

  /** Write changed day counts; called each second and at the stop. */
  flush(): void {
    for (const accountId of this.#unflushed) {
      const window = this.#days.get(accountId);
      if (window === undefined) continue;
      this.#table.put({
        accountId,
        day: Math.floor(window.startMs / DAY_MS),
        count: window.count,
      });
    }
    this.#unflushed.clear();
    this.#forgetPast();
  }

  #forgetPast(): void {
    const nowMs = this.#nowMs();
    for (const [accountId, window] of this.#minutes) {
      if (nowMs >= window.startMs + MINUTE_MS) this.#minutes.delete(accountId);
    }
    for (const [accountId, window] of this.#days) {
      if (nowMs >= window.startMs + DAY_MS) this.#days.delete(accountId);
    }
  }
}

function windowAt(
  windows: Map<string, Window>,
  accountId: string,
  nowMs: number,
  lengthMs: number,
  startMs: number,
): Window {
  const current = windows.get(accountId);
  if (current !== undefined && nowMs < current.startMs + lengthMs) return current;
  const opened = { startMs, count: 0 };
  windows.set(accountId, opened);
  return opened;
}

/** Milliseconds UTC that never jump: the wall clock once, the monotonic clock from then on. */
export function steadyClock(): () => number {
  const offsetMs = Date.now() - performance.now();
  return () => Math.floor(offsetMs + performance.now());
}
