/** Checks of command-line values; a bad one ends the command with a plain line. */
import { InvalidArgumentError } from 'commander';

/** Small enough that sums of many stay exact and clients with 32-bit integers can read it. */
const LARGEST = 1_000_000_000;

/** A whole number from `min` to `max`, in decimal digits: an empty text is not 0. */
export const wholeNumber =
  (min: number, max = LARGEST) =>
  (text: string): number => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) {
      throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`);
    }
    return value;
  };

/** A whole number of at least 1, or `none`. */
export const rate = (text: string): number | 'none' =>
  text === 'none' ? 'none' : wholeNumber(1)(text);
