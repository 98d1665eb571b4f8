/**
 * Weights of resampling along one axis, pixel centres aligned: PIL's kernels, widened when shrinking, and two ways of other
 * libraries that networks were written with.
 */

/** Interpolation kernels. */
export type Kernel = 'bilinear' | 'bicubic' | 'lanczos';

/**
 * How to resample: by a kernel, `sampled` (bilinear between two pixels however much is shrunk: torch's `interpolate`
 * without `antialias`), or `area` (means of what a pixel covers when both sides shrink, else near-nearest bilinear:
 * OpenCV's `INTER_AREA`).
 */
export type Filter = Kernel | 'sampled' | 'area';

const KEYS_A = -0.5;

const KERNELS: Readonly<Record<Kernel, { radius: number; weight: (x: number) => number }>> = {
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
export interface Taps {
  readonly starts: Int32Array;
  readonly weights: Float64Array;
  /** Weights of one output index. */
  readonly width: number;
}

/** Weights of the inputs from `start` on. */
interface Window {
  readonly start: number;
  readonly weights: readonly number[];
}

function kernelWindow(out: number, from: number, scale: number, filter: Kernel): Window {
  const kernel = KERNELS[filter];
  const stretch = Math.max(1, scale);
  const radius = kernel.radius * stretch;
  const centre = (out + 0.5) * scale;
  const start = Math.max(0, Math.trunc(centre - radius + 0.5));
  const end = Math.min(from, Math.trunc(centre + radius + 0.5));
  const weights = Array.from({ length: end - start }, (_, i) =>
    kernel.weight((start + i - centre + 0.5) / stretch),
  );
  return { start, weights };
}

/** Between pixel `low` and the next one, which has the share `part`. */
function betweenTwo(low: number, part: number, from: number): Window {
  const start = Math.min(from - 1, Math.max(0, low));
  const hasNext = low >= 0 && start + 1 < from && part > 0;
  return { start, weights: hasNext ? [1 - part, part] : [1] };
}

function sampledWindow(out: number, from: number, scale: number): Window {
  const exact = Math.max(0, (out + 0.5) * scale - 0.5);
  const low = Math.floor(exact);
  return betweenTwo(low, exact - low, from);
}

/** What an output pixel covers of each input pixel. */
function coverWindow(out: number, from: number, scale: number): Window {
  const left = out * scale;
  const right = Math.min(from, left + scale);
  const start = Math.floor(left);
  const weights = Array.from({ length: Math.ceil(right) - start }, (_, i) =>
    Math.max(0, Math.min(right, start + i + 1) - Math.max(left, start + i)),
  );
  return { start, weights };
}

/** OpenCV's way with areas where a side grows. */
function growingAreaWindow(out: number, from: number, scale: number): Window {
  const low = Math.floor(out * scale);
  const part = out + 1 - (low + 1) / scale;
  return betweenTwo(low, part <= 0 ? 0 : part - Math.floor(part), from);
}

function windowOf(out: number, from: number, scale: number, way: Filter | 'growing-area'): Window {
  switch (way) {
    case 'sampled':
      return sampledWindow(out, from, scale);
    case 'area':
      return coverWindow(out, from, scale);
    case 'growing-area':
      return growingAreaWindow(out, from, scale);
    default:
      return kernelWindow(out, from, scale, way);
  }
}

/**
 * Weights for `to` outputs of `from` inputs.
 * @param way `growing-area` is `area` where either side of the plane grows.
 */
export function tapsFor(from: number, to: number, way: Filter | 'growing-area'): Taps {
  const windows = Array.from({ length: to }, (_, out) => windowOf(out, from, from / to, way));
  const width = Math.max(...windows.map(({ weights }) => weights.length));
  const starts = new Int32Array(to);
  const weights = new Float64Array(to * width);
  for (const [out, window] of windows.entries()) {
    const sum = window.weights.reduce((total, weight) => total + weight, 0);
    starts[out] = window.start;
    for (const [i, weight] of window.weights.entries()) weights[out * width + i] = weight / sum;
  }
  return { starts, weights, width };
}
