/**
 * How noisy a picture is. Immerkaer's mask ("Fast Noise Variance Estimation", 1996) is the difference of two
 * Laplacians: it answers to noise, and to nothing that is as smooth as a parabola. It answers to texture too, so it is
 * taken block by block, and the flattest blocks tell.
 */
import type { Size } from './picture.ts';

const BLOCK_PX = 16;
/** More blocks tell nothing new. */
const MAX_BLOCKS = 4096;
/** Of the blocks in order of their answer, the one that is taken. */
const SHARE = 0.2;
/** Blocks darker or brighter than these are clipped, and noise with them. */
const DARK = 0.06;
const BRIGHT = 0.94;
/** Mean of |n| over its standard deviation is sqrt(2/pi); the mask's own norm is 6. */
const FACTOR = Math.sqrt(Math.PI / 2) / 6;
/** How much lower than the mean of all blocks the chosen one lies where there is noise alone. */
const BIAS = 1.05;

const at = (values: Float32Array, index: number): number => values[index] as number;

/** The mask's mean answer in a block, as a standard deviation; undefined: the block is clipped. */
function sigmaOf(luma: Float32Array, width: number, left: number, top: number): number | undefined {
  let sum = 0;
  let light = 0;
  for (let y = top; y < top + BLOCK_PX; y += 1) {
    for (let x = left; x < left + BLOCK_PX; x += 1) {
      const i = y * width + x;
      const corners =
        at(luma, i - width - 1) +
        at(luma, i - width + 1) +
        at(luma, i + width - 1) +
        at(luma, i + width + 1);
      const sides = at(luma, i - 1) + at(luma, i + 1) + at(luma, i - width) + at(luma, i + width);
      sum += Math.abs(corners - 2 * sides + 4 * at(luma, i));
      light += at(luma, i);
    }
  }
  const count = BLOCK_PX * BLOCK_PX;
  const mean = light / count;
  return mean < DARK || mean > BRIGHT ? undefined : (sum / count) * FACTOR;
}

/**
 * Standard deviation of the noise of a luma plane.
 * @param luma Float32 [h, w], 0..1.
 * @returns In levels of 255; 0 where the picture is too small or clipped to tell.
 */
export function noiseLevelOf(luma: Float32Array, { widthPx, heightPx }: Size): number {
  const columns = Math.floor((widthPx - 2) / BLOCK_PX);
  const rows = Math.floor((heightPx - 2) / BLOCK_PX);
  const stride = Math.max(1, Math.ceil(Math.sqrt((columns * rows) / MAX_BLOCKS)));
  const answers: number[] = [];
  for (let row = 0; row < rows; row += stride) {
    for (let column = 0; column < columns; column += stride) {
      const sigma = sigmaOf(luma, widthPx, 1 + column * BLOCK_PX, 1 + row * BLOCK_PX);
      if (sigma !== undefined) answers.push(sigma);
    }
  }
  const chosen = answers.sort((a, b) => a - b)[Math.floor(answers.length * SHARE)] ?? 0;
  return chosen * BIAS * 255;
}
