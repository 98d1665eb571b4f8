/** How the steps of a run are spread over the training steps: table 2 of https://arxiv.org/abs/2305.08891. */
import type { TimestepSpacing } from './scheduler.ts';

/** Rounds to the nearest whole number, halves to the even one, as numpy does. */
export function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

/**
 * Evenly spaced numbers, both ends included.
 * @param count 1 or more; one alone is `start`
 */
export function linspace(start: number, end: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => {
    if (count === 1) return start;
    return i === count - 1 ? end : start + i * ((end - start) / (count - 1));
  });
}

/** What a spacing depends on. */
export interface Spacing {
  readonly spacing: TimestepSpacing;
  readonly trainSteps: number;
  readonly steps: number;
  readonly offset: number;
  /** Solvers of the DPM kind space one step more and leave out the last. */
  readonly leavesOutLast: boolean;
}

/**
 * Timesteps before rounding of `linspace`, falling.
 * @returns `steps` numbers
 */
export function spacedTimesteps(by: Spacing): number[] {
  const { spacing, trainSteps, steps, offset } = by;
  if (spacing === 'trailing') {
    const ratio = trainSteps / steps;
    return Array.from({ length: steps }, (_, i) => roundHalfEven(trainSteps - i * ratio) - 1);
  }
  const count = by.leavesOutLast ? steps + 1 : steps;
  const rising =
    spacing === 'linspace'
      ? linspace(0, trainSteps - 1, count)
      : Array.from({ length: count }, (_, i) => i * Math.floor(trainSteps / count) + offset);
  return rising.reverse().slice(0, steps);
}
