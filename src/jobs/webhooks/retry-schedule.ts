/** When a delivery that failed is tried again: ever later, for a little less than 24 hours. */

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** Pauses after the first, second … failure; 21.7 hours in all. */
export const RETRY_DELAYS_MS: readonly number[] = [
  5 * SECOND_MS,
  30 * SECOND_MS,
  2 * MINUTE_MS,
  10 * MINUTE_MS,
  30 * MINUTE_MS,
  HOUR_MS,
  2 * HOUR_MS,
  4 * HOUR_MS,
  6 * HOUR_MS,
  8 * HOUR_MS,
];

/** Share by which a pause is shorter or longer, so that deliveries that failed together part. */
const JITTER = 0.1;

/**
 * The pause after a failure.
 * @param failures Failed tries so far, at least 1.
 * @param random 0 to 1.
 * @returns Milliseconds; undefined when there is no further try.
 */
export function retryDelayMs(failures: number, random: number): number | undefined {
  const delayMs = RETRY_DELAYS_MS[failures - 1];
  return delayMs === undefined
    ? undefined
    : Math.round(delayMs * (1 - JITTER + 2 * JITTER * random));
}
