/**
 * Unsharp masking of luma. What is added may not lead a pixel beyond its neighbours by more than a little, which is how
 * light and dark seams along edges come about; what is smaller than noise is not added at all.
 */
import { boxBlur } from './box-blur.ts';
import { addLuma } from './luma-change.ts';
import { lumaOf, type Picture, type Size } from './picture.ts';

/** How to sharpen. */
export interface Sharpening {
  /** Share of the fine detail that is added, 0..1 and beyond. */
  readonly amount: number;
  /** Differences up to this are taken for noise, in levels of 255. */
  readonly threshold: number;
}

/** Radius of what counts as fine, in pixels. */
const RADIUS_PX = 1;
/** How far beyond its neighbours a pixel may go, 0..1. */
const OVERSHOOT = 0.015;

const at = (values: Float32Array, index: number): number => values[index] as number;

/** Least or greatest of each pixel and its neighbours. */
function extremes(
  luma: Float32Array,
  { widthPx, heightPx }: Size,
  of: typeof Math.min,
): Float32Array {
  const rows = new Float32Array(luma.length);
  const both = new Float32Array(luma.length);
  for (let i = 0; i < luma.length; i += 1) {
    const x = i % widthPx;
    const left = at(luma, x === 0 ? i : i - 1);
    rows[i] = of(left, at(luma, i), at(luma, x === widthPx - 1 ? i : i + 1));
  }
  for (let i = 0; i < luma.length; i += 1) {
    const above = at(rows, i < widthPx ? i : i - widthPx);
    both[i] = of(above, at(rows, i), at(rows, i >= widthPx * (heightPx - 1) ? i : i + widthPx));
  }
  return both;
}

/**
 * Sharpen a picture.
 * @returns A new picture; alpha is kept. Four planes of floats are held meanwhile.
 */
export function sharpen(picture: Picture, { amount, threshold }: Sharpening): Picture {
  const luma = lumaOf(picture);
  const soft = boxBlur(boxBlur(luma, picture, RADIUS_PX), picture, RADIUS_PX);
  const least = extremes(luma, picture, Math.min);
  const greatest = extremes(luma, picture, Math.max);
  const floor = threshold / 255;
  return addLuma(picture, (i) => {
    const own = at(luma, i);
    const detail = own - at(soft, i);
    const kept = Math.sign(detail) * Math.max(0, Math.abs(detail) - floor);
    const wanted = own + amount * kept;
    return Math.min(at(greatest, i) + OVERSHOOT, Math.max(at(least, i) - OVERSHOOT, wanted)) - own;
  });
}
