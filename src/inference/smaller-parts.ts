/** When memory runs out in the middle of work: the same again with other memory given back, then in smaller parts. */
import { OutOfMemory } from './out-of-memory.ts';

/** How far parts may shrink. */
export interface PartSides {
  /** What the parts are, in the singular, for the log. */
  readonly name: string;
  readonly first: number;
  readonly least: number;
}

/** Told what is tried after memory ran out. */
export type OnShortage = (tried: string) => void;

/** What helps when memory runs out. */
export interface ShortageHelp {
  readonly onShortage?: OnShortage | undefined;
  /** Give back what the work does not need now; false where there is nothing. Tried before parts become smaller. */
  readonly giveBack?: (() => Promise<boolean>) | undefined;
}

/**
 * Do work, and while memory runs out again: with what can be given back given back, then with half the side.
 * @throws OutOfMemory when it does so with the smallest parts too; whatever else the work throws.
 */
export async function inSmallerParts<T>(
  { name, first, least }: PartSides,
  work: (side: number) => Promise<T>,
  { onShortage, giveBack }: ShortageHelp = {},
): Promise<T> {
  for (let side = first; ; ) {
    try {
      return await work(side);
    } catch (error) {
      if (!(error instanceof OutOfMemory)) throw error;
      if ((await giveBack?.()) === true) continue;
      const smaller = Math.max(least, Math.floor(side / 2));
      if (smaller >= side) throw error;
      onShortage?.(`${name} of ${smaller} instead of ${side}`);
      side = smaller;
    }
  }
}

/** Do work that has no parts, and once more when memory ran out and some could be given back. @throws as the work does */
export const withMemoryGivenBack = <T>(work: () => Promise<T>, help: ShortageHelp): Promise<T> =>
  inSmallerParts({ name: 'all of it', first: 1, least: 1 }, work, help);
