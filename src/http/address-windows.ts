/**
 * Requests of addresses, a minute at a time. The library's own store reads the wall clock: set back by
 * a day, it would shut an address out that day. Bounded by forgetting, once a minute, what is over.
 */
import { ipKeyGenerator } from 'express-rate-limit';

/** Where a caller stands in a window after one more request. */
export interface WindowState {
  readonly allowed: boolean;
  readonly remaining: number;
  /** End of the window, Unix seconds. */
  readonly resetUnixS: number;
  readonly retryAfterS: number;
}

interface Window {
  readonly endMs: number;
  used: number;
}

const MINUTE_MS = 60_000;
/** Addresses of one IPv6 customer: a rotation inside a /56 gains nothing. */
const IPV6_PREFIX_BITS = 56;

/** Counts requests of addresses. */
export class AddressWindows {
  readonly #perMinute: number;
  readonly #now: () => number;
  readonly #windows = new Map<string, Window>();
  #sweepAtMs: number;

  /** @param now Milliseconds UTC that never go backwards. */
  constructor(perMinute: number, now: () => number) {
    this.#perMinute = perMinute;
    this.#now = now;
    this.#sweepAtMs = now() + MINUTE_MS;
  }

  /** Addresses that are remembered. */
  get size(): number {
    return this.#windows.size;
  }

  /** Count one request of an address. */
  hit(address: string): WindowState {
    const nowMs = this.#now();
    if (nowMs >= this.#sweepAtMs) this.#forgetPast(nowMs);
    const key = ipKeyGenerator(address, IPV6_PREFIX_BITS);
    let window = this.#windows.get(key);
    if (window === undefined || nowMs >= window.endMs) {
      window = { endMs: nowMs + MINUTE_MS, used: 0 };
      this.#windows.set(key, window);
    }
    window.used += 1;
    return {
      allowed: window.used <= this.#perMinute,
      remaining: Math.max(0, this.#perMinute - window.used),
      resetUnixS: Math.ceil(window.endMs / 1000),
      retryAfterS: Math.max(1, Math.ceil((window.endMs - nowMs) / 1000)),
    };
  }

  #forgetPast(nowMs: number): void {
    for (const [key, { endMs }] of this.#windows) if (nowMs >= endMs) this.#windows.delete(key);
    this.#sweepAtMs = nowMs + MINUTE_MS;
  }
}
