/** Tries again what may pass, with growing pauses and a bound. */
import { setTimeout as sleep } from 'node:timers/promises';
import { HubError, PassingHubError } from './hub-error.ts';

/** How often and how patiently. */
export interface RetryPolicy {
  /** Failures in a row, without progress between them, after which it is given up. */
  readonly attempts: number;
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** Longest `Retry-After` that is waited out. */
  readonly longestRetryAfterMs: number;
}

/** About a minute of pauses in all. */
export const DEFAULT_RETRIES: RetryPolicy = {
  attempts: 8,
  firstPauseMs: 500,
  longestPauseMs: 30_000,
  longestRetryAfterMs: 300_000,
};

/** Doubles from failure to failure; up to a quarter is chance, so that lanes do not come back together. */
function pauseMs(policy: RetryPolicy, failures: number, error: PassingHubError): number {
  if (error.retryAfterMs === undefined) {
    const doubled = policy.firstPauseMs * 2 ** (failures - 1);
    return Math.min(policy.longestPauseMs, doubled) * (0.75 + Math.random() / 4);
  }
  if (error.retryAfterMs > policy.longestRetryAfterMs) {
    const seconds = Math.ceil(error.retryAfterMs / 1000);
    throw new HubError(`${error.message}: it asks to come back in ${seconds} s.`, { cause: error });
  }
  return error.retryAfterMs;
}

/** What is tried. */
export interface Retried<T> {
  attempt(): Promise<T>;
  /** Whether enough was won since the last failure to count from the start; absent: never. */
  hasProgressed?(): boolean;
}

/**
 * Try until it succeeds, fails for good, or the policy's patience ends.
 * @throws HubError, or the signal's reason.
 */
export async function withRetries<T>(
  retried: Retried<T>,
  policy: RetryPolicy,
  signal: AbortSignal,
): Promise<T> {
  let failures = 0;
  for (;;) {
    try {
      return await retried.attempt();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof PassingHubError)) throw error;
      failures = retried.hasProgressed?.() === true ? 1 : failures + 1;
      if (failures >= policy.attempts) {
        throw new HubError(`${error.message}; given up after ${failures} attempts.`, {
          cause: error,
        });
      }
      await sleep(pauseMs(policy, failures, error), undefined, { signal });
    }
  }
}
