/**
 * Foreground colour at soft edges, so that no halo of the old background shows on a new one:
 * blur fusion (Forte 2021, https://arxiv.org/abs/2108.07009). Colours of sure foreground and sure
 * background are spread by blurs at a reduced size; each soft pixel then takes the foreground colour
 * that explains it best.
 */
import { boxBlur } from './box-blur.ts';
import { position } from './guided-filter.ts';
import { byte, type Picture, type Size } from './picture.ts';
import { resizePlane } from './resize.ts';

/** Below this share of weight in the window a colour is not known. */
const MIN_WEIGHT = 1e-3;
/** Mattes this close to 0 or 1 are taken as sure. */
const SURE = 1 / 255;
/** Radii of the two passes, in pixels of the reduced picture. */
const WIDE_RADIUS = 24;
const NARROW_RADIUS = 4;

const at = (values: Float32Array, index: number): number => values[index] as number;

interface Layers {
  /** Red, green, blue planes, 0..255. */
  readonly foreground: readonly Float32Array[];
  readonly background: readonly Float32Array[];
}

function planesOf(picture: Picture): readonly Float32Array[] {
  const count = picture.widthPx * picture.heightPx;
  return [0, 1, 2].map((channel) => {
    const plane = new Float32Array(count);
    for (let i = 0; i < count; i += 1) {
      plane[i] = byte(picture.data, i * picture.channels + channel);
    }
    return plane;
  });
}

/** Weighted mean of a plane in a window; where nothing weighs, what was known before. */
function spread(
  plane: Float32Array,
  weight: Float32Array,
  known: Float32Array,
  size: Size,
  radius: number,
): Float32Array {
  const sums = boxBlur(
    plane.map((value, i) => value * at(weight, i)),
    size,
    radius,
  );
  const weights = boxBlur(weight, size, radius);
  return sums.map((sum, i) => (at(weights, i) > MIN_WEIGHT ? sum / at(weights, i) : at(known, i)));
}

function estimateLayers(small: Picture, matte: Float32Array): Layers {
  const inverse = matte.map((alpha) => 1 - alpha);
  const planes = planesOf(small);
  const layer = (weight: Float32Array) =>
    planes.map((plane) => {
      const wide = spread(plane, weight, plane, small, WIDE_RADIUS);
      return spread(plane, weight, wide, small, NARROW_RADIUS);
    });
  return { foreground: layer(matte), background: layer(inverse) };
}

/**
 * Replace the colours of pixels that are not fully foreground.
 * @param picture Changed in place.
 * @param small The same picture at a reduced size.
 * @param matte Float32 [h, w] at the picture's size, 0..1.
 */
export function decontaminate(picture: Picture, small: Picture, matte: Float32Array): void {
  const smallMatte = resizePlane(matte, picture, small, 'bilinear');
  const { foreground, background } = estimateLayers(small, smallMatte);
  const { data, channels, widthPx, heightPx } = picture;
  for (let y = 0; y < heightPx; y += 1) {
    const row = position(y, small.heightPx, heightPx);
    const line = (row.part < 0.5 ? row.low : row.high) * small.widthPx;
    for (let x = 0; x < widthPx; x += 1) {
      const alpha = at(matte, y * widthPx + x);
      if (alpha > 1 - SURE) continue;
      const column = position(x, small.widthPx, widthPx);
      const near = line + (column.part < 0.5 ? column.low : column.high);
      for (let channel = 0; channel < 3; channel += 1) {
        const i = (y * widthPx + x) * channels + channel;
        const front = at(foreground[channel] as Float32Array, near);
        const back = at(background[channel] as Float32Array, near);
        const rest = byte(data, i) - alpha * front - (1 - alpha) * back;
        data[i] = Math.min(255, Math.max(0, Math.round(front + alpha * rest)));
      }
    }
  }
}
