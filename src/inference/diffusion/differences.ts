/** How far numbers lie from those of the reference. */

/** Largest difference of one stage. */
export interface StageDifference {
  readonly stage: string;
  readonly largestDifference: number;
  /** The limit that the difference was held against. */
  readonly limit: number;
}

/** Largest magnitude; NaN counts as infinity. */
export function largestMagnitude(values: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < values.length; i += 1) {
    const magnitude = Math.abs(values[i] as number);
    if (!(magnitude <= largest)) largest = Number.isNaN(magnitude) ? Infinity : magnitude;
  }
  return largest;
}

/** Largest difference of two arrays; infinity where their lengths differ or a value is NaN. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  return largestMagnitude(Array.from(a, (value, i) => value - (b[i] as number)));
}

/** The difference of a stage, held against a limit. */
export const compare = (
  stage: string,
  got: ArrayLike<number>,
  wanted: ArrayLike<number>,
  limit: number,
): StageDifference => ({ stage, largestDifference: largestDifference(got, wanted), limit });

/** The same relative to the values wanted, where those are not zero. */
export function compareWithin(
  stage: string,
  got: ArrayLike<number>,
  wanted: ArrayLike<number>,
  limit: number,
): StageDifference {
  const scale = (values: ArrayLike<number>) =>
    Array.from(values, (value, i) => value / (wanted[i] === 0 ? 1 : (wanted[i] ?? 1)));
  return compare(stage, scale(got), scale(wanted), limit);
}
