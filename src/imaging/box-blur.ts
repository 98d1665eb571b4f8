/** Mean over a square window, by running sums: the cost does not depend on the radius. */
import type { Size } from './picture.ts';

const at = (values: Float32Array, index: number): number => values[index] as number;

/** Along the rows: one running sum that the window slides over. */
function blurRows(source: Float32Array, size: Size, radius: number): Float32Array {
  const { widthPx: width, heightPx: height } = size;
  const target = new Float32Array(source.length);
  for (let base = 0; base < width * height; base += width) {
    let sum = 0;
    for (let x = 0; x < Math.min(radius, width); x += 1) sum += at(source, base + x);
    for (let x = 0; x < width; x += 1) {
      const first = x - radius;
      const last = x + radius;
      if (last < width) sum += at(source, base + last);
      if (first > 0) sum -= at(source, base + first - 1);
      target[base + x] = sum / (Math.min(width - 1, last) - Math.max(0, first) + 1);
    }
  }
  return target;
}

/** Along the columns: a row of running sums, so that memory is read in order. */
function blurColumns(source: Float32Array, size: Size, radius: number): Float32Array {
  const { widthPx: width, heightPx: height } = size;
  const target = new Float32Array(source.length);
  const sums = new Float64Array(width);
  const add = (row: number, sign: number) => {
    for (let x = 0, i = row * width; x < width; x += 1, i += 1) {
      sums[x] = (sums[x] as number) + sign * at(source, i);
    }
  };
  for (let y = 0; y < Math.min(radius, height); y += 1) add(y, 1);
  for (let y = 0; y < height; y += 1) {
    const first = y - radius;
    const last = y + radius;
    if (last < height) add(last, 1);
    if (first > 0) add(first - 1, -1);
    const share = 1 / (Math.min(height - 1, last) - Math.max(0, first) + 1);
    for (let x = 0, i = y * width; x < width; x += 1, i += 1)
      target[i] = (sums[x] as number) * share;
  }
  return target;
}

/**
 * Blur a plane; at the borders the mean is over what lies inside.
 * @param source Float32 [height, width].
 * @param radius Window of 2 radius + 1 pixels.
 */
export function boxBlur(source: Float32Array, size: Size, radius: number): Float32Array {
  return blurColumns(blurRows(source, size, radius), size, radius);
}

/** Passes of a box filter that look like a bell. */
const BELL_PASSES = 3;

/** Blur a plane by nearly a bell: as `boxBlur`, three times. */
export function bellBlur(source: Float32Array, size: Size, radius: number): Float32Array {
  let soft = source;
  for (let pass = 0; pass < BELL_PASSES; pass += 1) soft = boxBlur(soft, size, radius);
  return soft;
}
