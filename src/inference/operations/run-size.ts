/** The sizes a generator runs at, and how what it makes comes to the size that is asked for. */
import type { Size } from '../../imaging/picture.ts';

const longestOf = ({ widthPx, heightPx }: Size): number => Math.max(widthPx, heightPx);

/** Both sides in steps, the longest at most `maxSidePx`; the shorter one by `round`. */
function inSteps(
  size: Size,
  maxSidePx: number,
  step: number,
  round: (steps: number) => number,
): Size {
  const longest = Math.max(step, Math.floor(maxSidePx / step) * step);
  const side = (length: number) =>
    Math.max(step, round((longest * length) / longestOf(size) / step) * step);
  return { widthPx: side(size.widthPx), heightPx: side(size.heightPx) };
}

/**
 * The size to run at: the network's own, in the ratio of the final one. The shorter side is rounded up, so
 * that the exact ratio is cut out of the picture and nothing is stretched.
 * @param target the final size: nothing larger is made.
 * @param step sides are multiples of it.
 */
export const runSizeOf = (target: Size, nativeSizePx: number, step: number): Size =>
  inSteps(target, Math.min(nativeSizePx, longestOf(target)), step, Math.ceil);

/** Size of a reference picture: its own ratio, at most the network's size, never enlarged. */
export const referenceSizeOf = (source: Size, nativeSizePx: number, step: number): Size =>
  inSteps(source, Math.min(nativeSizePx, longestOf(source)), step, Math.round);

/**
 * Factors that bring a picture to at least a size: at each pass the smallest that is enough, else the largest.
 * @param scales factors of the super-resolution pack; none: no pass.
 */
export function scalesTo<Scale extends number>(
  from: Size,
  target: Size,
  scales: readonly Scale[],
): readonly Scale[] {
  const rising = [...scales].sort((a, b) => a - b);
  const passes: Scale[] = [];
  for (let side = longestOf(from); side < longestOf(target); ) {
    const missing = longestOf(target) / side;
    const scale = rising.find((one) => one >= missing) ?? rising.at(-1);
    if (scale === undefined || scale <= 1) break;
    passes.push(scale);
    side *= scale;
  }
  return passes;
}
