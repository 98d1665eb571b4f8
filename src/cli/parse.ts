/** Checks of command-line values; a bad one ends the command with a plain line. */
import { InvalidArgumentError } from 'commander';

/** A whole number of at least `min`. */
export const wholeNumber =
  (min: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < min) {
      throw new InvalidArgumentError(`Expected a whole number of at least ${min}.`);
    }
    return value;
  };

/** A whole number of at least 1, or `none`. */
export const rate = (text: string): number | 'none' =>
  text === 'none' ? 'none' : wholeNumber(1)(text);
