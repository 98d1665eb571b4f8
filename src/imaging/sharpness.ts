/**
 * How sharp the sharpest part of a picture is. The Laplacian answers to fine detail and vanishes where a
 * picture is out of focus or shaken (Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy",
 * 2000, use its variance over the whole picture). Here it is taken block by block, because the background of
 * a food photograph is blurred on purpose: what counts is that something is in focus.
 */
import type { Size } from './picture.ts';

/** Blocks are this wide and high; small enough that a garnish in focus fills a few. */
const BLOCK_PX = 32;
/** Share of the blocks that may be sharper than the one that is reported: one block alone may be noise. */
const TOP_SHARE = 0.1;
/** Least mean weight of a block that counts as part of the subject. */
const MIN_WEIGHT = 0.5;
const LEVELS = 255;

const at = (values: Float32Array, index: number): number => values[index] as number;

/** Standard deviation of the 4-neighbour Laplacian in a block whose corner is at (left, top), 0..1. */
function detailOf(luma: Float32Array, width: number, left: number, top: number): number {
  let sum = 0;
  let squares = 0;
  for (let y = top; y < top + BLOCK_PX; y += 1) {
    for (let x = left; x < left + BLOCK_PX; x += 1) {
      const i = y * width + x;
      const around = at(luma, i - 1) + at(luma, i + 1) + at(luma, i - width) + at(luma, i + width);
      const value = around - 4 * at(luma, i);
      sum += value;
      squares += value * value;
    }
  }
  const count = BLOCK_PX * BLOCK_PX;
  return Math.sqrt(Math.max(0, squares / count - (sum / count) ** 2));
}

function meanWeight(weights: Float32Array, width: number, left: number, top: number): number {
  let sum = 0;
  for (let y = top; y < top + BLOCK_PX; y += 1) {
    for (let x = left; x < left + BLOCK_PX; x += 1) sum += at(weights, y * width + x);
  }
  return sum / (BLOCK_PX * BLOCK_PX);
}

/**
 * Detail in the sharpest tenth of the blocks. It depends on the size, so pictures are brought to one size first.
 * @param luma Float32 [h, w], 0..1.
 * @param subject Float32 [h, w], 0..1; only blocks it covers count, unless it covers none.
 * @returns Standard deviation of the Laplacian in levels of 255; undefined when no block fits in.
 */
export function sharpnessOf(
  luma: Float32Array,
  { widthPx, heightPx }: Size,
  subject?: Float32Array,
): number | undefined {
  const onSubject: number[] = [];
  const everywhere: number[] = [];
  // The outermost pixels have no neighbour on one side.
  for (let top = 1; top + BLOCK_PX < heightPx; top += BLOCK_PX) {
    for (let left = 1; left + BLOCK_PX < widthPx; left += BLOCK_PX) {
      const detail = detailOf(luma, widthPx, left, top);
      everywhere.push(detail);
      if (subject !== undefined && meanWeight(subject, widthPx, left, top) >= MIN_WEIGHT) {
        onSubject.push(detail);
      }
    }
  }
  const blocks = (onSubject.length > 0 ? onSubject : everywhere).sort((a, b) => b - a);
  const reported = blocks[Math.floor(blocks.length * TOP_SHARE)];
  return reported === undefined ? undefined : reported * LEVELS;
}
