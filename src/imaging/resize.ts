/**
 * Resampling of one plane. sharp is not used for enlarging: its result lies half a pixel off.
 */
import { byte, type Picture, type Size } from './picture.ts';
import { type Filter, type Kernel, type Taps, tapsFor } from './resampling-taps.ts';

/** A number of an array at an index known to be inside. */
const at = (values: ArrayLike<number>, index: number): number => values[index] as number;

type Sums = Float32Array | Float64Array;

/** Resample across. @param target [height, new width], zeros. */
function resizeRows(
  source: ArrayLike<number>,
  { widthPx, heightPx }: Size,
  { starts, weights, width }: Taps,
  target: Sums,
): void {
  for (let y = 0; y < heightPx; y += 1) {
    for (let x = 0; x < starts.length; x += 1) {
      const start = at(starts, x);
      const taps = Math.min(width, widthPx - start);
      let sum = 0;
      for (let i = 0; i < taps; i += 1) {
        sum += at(weights, x * width + i) * at(source, y * widthPx + start + i);
      }
      target[y * starts.length + x] = sum;
    }
  }
}

/** Resample down. @param target [new height, width], zeros. */
function resizeColumns(
  source: ArrayLike<number>,
  { widthPx, heightPx }: Size,
  { starts, weights, width }: Taps,
  target: Sums,
): void {
  for (let y = 0; y < starts.length; y += 1) {
    const start = at(starts, y);
    const taps = Math.min(width, heightPx - start);
    const row = target.subarray(y * widthPx, (y + 1) * widthPx);
    for (let i = 0; i < taps; i += 1) {
      const weight = at(weights, y * width + i);
      const from = (start + i) * widthPx;
      for (let x = 0; x < widthPx; x += 1) row[x] = at(row, x) + weight * at(source, from + x);
    }
  }
}

/**
 * Resize one plane.
 * @param source [height, width], any range.
 * @returns Float32 [to.heightPx, to.widthPx]; values are not clamped, bicubic and Lanczos overshoot.
 */
export function resizePlane(
  source: ArrayLike<number>,
  from: Size,
  to: Size,
  filter: Filter,
): Float32Array {
  const isShrinking = from.widthPx >= to.widthPx && from.heightPx >= to.heightPx;
  const way = filter === 'area' && !isShrinking ? 'growing-area' : filter;
  const across = new Float32Array(to.widthPx * from.heightPx);
  resizeRows(source, from, tapsFor(from.widthPx, to.widthPx, way), across);
  const size = { widthPx: to.widthPx, heightPx: from.heightPx };
  const down = new Float32Array(to.widthPx * to.heightPx);
  resizeColumns(across, size, tapsFor(from.heightPx, to.heightPx, way), down);
  return down;
}

/** PIL's weights for bytes are whole numbers of this fraction. */
const PIL_ONE = 2 ** 22;

function wholeTaps(from: number, to: number, kernel: Kernel): Taps {
  const taps = tapsFor(from, to, kernel);
  return { ...taps, weights: taps.weights.map((weight) => Math.round(weight * PIL_ONE)) };
}

/** Sums of whole weights as bytes, halves up. */
const toBytes = (sums: Float64Array): Uint8Array =>
  Uint8Array.from(sums, (sum) => Math.min(255, Math.max(0, Math.floor(sum / PIL_ONE + 0.5))));

/**
 * Resize one plane of bytes exactly as PIL does: across, rounded to bytes, then down, rounded again.
 * @param source Uint8 [height, width].
 * @returns Uint8 [to.heightPx, to.widthPx].
 */
export function resizeBytes(source: Uint8Array, from: Size, to: Size, kernel: Kernel): Uint8Array {
  const across = new Float64Array(to.widthPx * from.heightPx);
  resizeRows(source, from, wholeTaps(from.widthPx, to.widthPx, kernel), across);
  const size = { widthPx: to.widthPx, heightPx: from.heightPx };
  const down = new Float64Array(to.widthPx * to.heightPx);
  resizeColumns(toBytes(across), size, wholeTaps(from.heightPx, to.heightPx, kernel), down);
  return toBytes(down);
}

/** One channel of a picture, Uint8 [height, width]. */
export function channelOf({ data, channels }: Picture, channel: number): Uint8Array {
  const plane = new Uint8Array(data.length / channels);
  for (let i = 0; i < plane.length; i += 1) plane[i] = byte(data, i * channels + channel);
  return plane;
}
