/**
 * Resampling of one plane with pixel centres aligned and the filter widened when shrinking, as PIL
 * does it. sharp is not used for enlarging: its result lies half a pixel off.
 */
import type { Size } from './picture.ts';

/** Interpolation kernels. */
export type Filter = 'bilinear' | 'bicubic' | 'lanczos';

const KEYS_A = -0.5;

const KERNELS: Readonly<Record<Filter, { radius: number; weight: (x: number) => number }>> = {
  bilinear: { radius: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: { radius: 2, weight: (x) => keys(Math.abs(x)) },
  lanczos: { radius: 3, weight: (x) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

/** Keys' cubic convolution kernel (1981). */
function keys(x: number): number {
  if (x < 1) return ((KEYS_A + 2) * x - (KEYS_A + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * KEYS_A;
  return 0;
}

function sinc(x: number): number {
  if (x === 0) return 1;
  return Math.sin(Math.PI * x) / (Math.PI * x);
}

/** For each output index: the first input index, and the weights from there on. */
interface Taps {
  readonly starts: Int32Array;
  readonly weights: Float32Array;
  /** Weights of one output index. */
  readonly width: number;
}

function tapsFor(from: number, to: number, filter: Filter): Taps {
  const kernel = KERNELS[filter];
  const scale = from / to;
  const stretch = Math.max(1, scale);
  const radius = kernel.radius * stretch;
  const width = Math.ceil(radius) * 2 + 1;
  const starts = new Int32Array(to);
  const weights = new Float32Array(to * width);
  for (let out = 0; out < to; out += 1) {
    const centre = (out + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - radius + 0.5));
    const end = Math.min(from, Math.trunc(centre + radius + 0.5));
    const raw = Array.from({ length: end - start }, (_, i) =>
      kernel.weight((start + i - centre + 0.5) / stretch),
    );
    const sum = raw.reduce((total, weight) => total + weight, 0);
    starts[out] = start;
    for (const [i, weight] of raw.entries()) weights[out * width + i] = weight / sum;
  }
  return { starts, weights, width };
}

/** A number of an array at an index known to be inside. */
const at = (values: ArrayLike<number>, index: number): number => values[index] as number;

function resizeRows(
  source: ArrayLike<number>,
  size: Size,
  toWidth: number,
  filter: Filter,
): Float32Array {
  const { widthPx, heightPx } = size;
  const { starts, weights, width } = tapsFor(widthPx, toWidth, filter);
  const target = new Float32Array(toWidth * heightPx);
  for (let y = 0; y < heightPx; y += 1) {
    for (let x = 0; x < toWidth; x += 1) {
      const start = at(starts, x);
      const taps = Math.min(width, widthPx - start);
      let sum = 0;
      for (let i = 0; i < taps; i += 1) {
        sum += at(weights, x * width + i) * at(source, y * widthPx + start + i);
      }
      target[y * toWidth + x] = sum;
    }
  }
  return target;
}

function resizeColumns(
  source: Float32Array,
  size: Size,
  toHeight: number,
  filter: Filter,
): Float32Array {
  const { widthPx, heightPx } = size;
  const { starts, weights, width } = tapsFor(heightPx, toHeight, filter);
  const target = new Float32Array(widthPx * toHeight);
  for (let y = 0; y < toHeight; y += 1) {
    const start = at(starts, y);
    const taps = Math.min(width, heightPx - start);
    const row = target.subarray(y * widthPx, (y + 1) * widthPx);
    for (let i = 0; i < taps; i += 1) {
      const weight = at(weights, y * width + i);
      const from = (start + i) * widthPx;
      for (let x = 0; x < widthPx; x += 1) row[x] = at(row, x) + weight * at(source, from + x);
    }
  }
  return target;
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
  const rows = resizeRows(source, from, to.widthPx, filter);
  return resizeColumns(rows, { widthPx: to.widthPx, heightPx: from.heightPx }, to.heightPx, filter);
}
