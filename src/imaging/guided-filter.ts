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
  const columns = Array.from({ length: to.widthPx }, (_, x) =>
    position(x, size.widthPx, to.widthPx),
  );
  for (let y = 0; y < to.heightPx; y += 1) {
    const row = position(y, size.heightPx, to.heightPx);
    const top = row.low * size.widthPx;
    const bottom = row.high * size.widthPx;
    for (let x = 0; x < to.widthPx; x += 1) {
      const { low, high, part } = columns[x] as Position;
      const mix = (plane: Float32Array): number => {
        const upper = at(plane, top + low) * (1 - part) + at(plane, top + high) * part;
        const lower = at(plane, bottom + low) * (1 - part) + at(plane, bottom + high) * part;
        return upper * (1 - row.part) + lower * row.part;
      };
      const i = y * to.widthPx + x;
      target[i] = Math.min(1, Math.max(0, mix(a) * at(guide, i) + mix(b)));
    }
  }
  return target;
}

interface Position {
  readonly low: number;
  readonly high: number;
  readonly part: number;
}

/** Where the centre of an output pixel lies between two input pixels. */
export function position(index: number, from: number, to: number): Position {
  const exact = Math.min(from - 1, Math.max(0, ((index + 0.5) * from) / to - 0.5));
  const low = Math.floor(exact);
  return { low, high: Math.min(from - 1, low + 1), part: exact - low };
}
