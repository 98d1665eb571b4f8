/** When memory runs out in the middle of work that is done in parts: the same again, in parts of half the side. */
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

/**
 * Do work, and again with half the side while memory runs out.
 * @throws OutOfMemory when it does so with the smallest parts too; whatever else the work throws.
 */
export async function inSmallerParts<T>(
  { name, first, least }: PartSides,
  work: (side: number) => Promise<T>,
  onShortage: OnShortage | undefined,
): Promise<T> {
  for (let side = first; ; ) {
    try {
      return await work(side);
    } catch (error) {
      const smaller = Math.max(least, Math.floor(side / 2));
      if (!(error instanceof OutOfMemory) || smaller >= side) throw error;
      onShortage?.(`${name} of ${smaller} instead of ${side}`);
      side = smaller;
    }
  }
}
