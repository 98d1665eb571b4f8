/** When an engine process is worth replacing for its memory's sake. */
import type { Residency } from './residency-terms.ts';

/** Memory above that of a fresh process that does not matter: a share of it, and not less than so many MiB. */
const LEFT_OVER_SHARE = 0.25;
const LEFT_OVER_MIB = 64;

/**
 * Whether a process that has given back its packs keeps memory that only its end returns.
 * @param leftOverMib how much above a fresh process does not matter.
 */
export function isWorthReplacing(
  { packs, baseRssMib, rssMib }: Residency,
  leftOverMib = Math.max(LEFT_OVER_MIB, baseRssMib * LEFT_OVER_SHARE),
): boolean {
  return packs.length === 0 && rssMib - baseRssMib > leftOverMib;
}
