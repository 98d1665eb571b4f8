/**
 * The fast guided filter (He and Sun 2015, https://arxiv.org/abs/1505.00996): makes a coarse matte
 * follow the edges of the picture. The linear model alpha = a * luma + b is fitted at a reduced size
 * and applied at full size.
 */
import { boxBlur } from './box-blur.ts';
import type { Size } from './picture.ts';

const at = (values: Float32Array, index: number): number => values[index] as number;

/** The linear model at a reduced size. */
export interface GuidedModel {
  readonly a: Float32Array;
  readonly b: Float32Array;
  readonly size: Size;
}

/** Window and edge sensitivity. */
export interface GuidedOptions {
  readonly radius: number;
  /** Variance of luma (0..1 squared) under which a window counts as flat. */
  readonly epsilon: number;
}

function product(first: Float32Array, second: Float32Array): Float32Array {
  return first.map((value, i) => value * at(second, i));
}

/**
 * Fit the model.
 * @param guide Luma, Float32 [h, w], 0..1.
 * @param matte Coarse matte, Float32 [h, w], 0..1.
 */
export function fitGuidedFilter(
  guide: Float32Array,
  matte: Float32Array,
  size: Size,
  options: GuidedOptions,
): GuidedModel {
  const mean = (plane: Float32Array) => boxBlur(plane, size, options.radius);
  const meanGuide = mean(guide);
  const meanMatte = mean(matte);
  const meanSquare = mean(product(guide, guide));
  const meanProduct = mean(product(guide, matte));
  const a = new Float32Array(guide.length);
  const b = new Float32Array(guide.length);
  for (let i = 0; i < a.length; i += 1) {
    const variance = at(meanSquare, i) - at(meanGuide, i) ** 2;
    const covariance = at(meanProduct, i) - at(meanGuide, i) * at(meanMatte, i);
    const slope = covariance / (variance + options.epsilon);
    a[i] = slope;
    b[i] = at(meanMatte, i) - slope * at(meanGuide, i);
  }
  return { a: mean(a), b: mean(b), size };
}

/**
 * Apply a model at another size; a and b are interpolated bilinearly.
 * @param guide Luma at full size, Float32 [h, w], 0..1.
 * @returns Matte, Float32 [h, w], clamped to 0..1.
 */
export function applyGuidedFilter(model: GuidedModel, guide: Float32Array, to: Size): Float32Array {
  const { a, b, size } = model;
  const target = new Float32Array(guide.length);
  const width = to.widthPx;
  const columns = positions(size.widthPx, width);
  const rows = positions(size.heightPx, to.heightPx);
  for (let y = 0; y < to.heightPx; y += 1) {
    const below = at(rows.parts, y);
    const top = (rows.lows[y] as number) * size.widthPx;
    const bottom = (rows.highs[y] as number) * size.widthPx;
    for (let x = 0; x < width; x += 1) {
      const part = at(columns.parts, x);
      const low = columns.lows[x] as number;
      const high = columns.highs[x] as number;
      // Weights of the four neighbours.
      const w00 = (1 - part) * (1 - below);
      const w01 = part * (1 - below);
      const w10 = (1 - part) * below;
      const w11 = part * below;
      const slope =
        w00 * at(a, top + low) +
        w01 * at(a, top + high) +
        w10 * at(a, bottom + low) +
        w11 * at(a, bottom + high);
      const offset =
        w00 * at(b, top + low) +
        w01 * at(b, top + high) +
        w10 * at(b, bottom + low) +
        w11 * at(b, bottom + high);
      const i = y * width + x;
      target[i] = Math.min(1, Math.max(0, slope * at(guide, i) + offset));
    }
  }
  return target;
}

/** Where the centres of output pixels lie between two input pixels. */
export interface Positions {
  readonly lows: Int32Array;
  readonly highs: Int32Array;
  /** Share of the higher neighbour, 0..1. */
  readonly parts: Float32Array;
}

/** Bilinear positions along one axis, pixel centres aligned. */
export function positions(from: number, to: number): Positions {
  const lows = new Int32Array(to);
  const highs = new Int32Array(to);
  const parts = new Float32Array(to);
  for (let index = 0; index < to; index += 1) {
    const exact = Math.min(from - 1, Math.max(0, ((index + 0.5) * from) / to - 0.5));
    const low = Math.floor(exact);
    lows[index] = low;
    highs[index] = Math.min(from - 1, low + 1);
    parts[index] = exact - low;
  }
  return { lows, highs, parts };
}
