/**
 * Foreground colour at soft edges, so that no halo of the old background shows on a new one:
 * blur fusion (Forte 2021, https://arxiv.org/abs/2108.07009). Colours of sure foreground and sure
 * background are spread by blurs at a reduced size; each soft pixel then takes the foreground colour
 * that explains it best.
 */
import { boxBlur } from './box-blur.ts';
import { type Positions, positions } from './guided-filter.ts';
import { byte, type Picture, type Size } from './picture.ts';
import { resizePlane } from './resize.ts';

/** Below this share of weight in the window a colour is not known. */
const MIN_WEIGHT = 1e-3;
/** Mattes this close to 0 or 1 are taken as sure. */
const SURE = 1 / 255;
/** Radii of the two passes, in pixels of the reduced picture. */
const WIDE_RADIUS = 12;
const NARROW_RADIUS = 2;
/**
 * A layer's colours are taken by this power of its share: a half-transparent pixel shows as much of the other layer, and would
 * carry it on. With 1, as in the paper, three times as much of the old background is left (`npm run evaluate`).
 */
const TRUST = 8;

const at = (values: Float32Array, index: number): number => values[index] as number;

/** Red, green, blue planes, 0..255. */
type Planes = readonly [Float32Array, Float32Array, Float32Array];

function planesOf(picture: Picture): Planes {
  const count = picture.widthPx * picture.heightPx;
  const planes: Planes = [
    new Float32Array(count),
    new Float32Array(count),
    new Float32Array(count),
  ];
  for (let i = 0, from = 0; i < count; i += 1, from += picture.channels) {
    planes[0][i] = byte(picture.data, from);
    planes[1][i] = byte(picture.data, from + 1);
    planes[2][i] = byte(picture.data, from + 2);
  }
  return planes;
}

/** Weighted mean of each plane in a window; where nothing weighs, what was known before. */
function spread(
  planes: Planes,
  weight: Float32Array,
  known: Planes,
  { size, radius }: { readonly size: Size; readonly radius: number },
): Planes {
  const weights = boxBlur(weight, size, radius);
  const one = (channel: 0 | 1 | 2): Float32Array => {
    const weighted = new Float32Array(weight.length);
    for (let i = 0; i < weight.length; i += 1) {
      weighted[i] = at(planes[channel], i) * at(weight, i);
    }
    const sums = boxBlur(weighted, size, radius);
    for (let i = 0; i < sums.length; i += 1) {
      const total = at(weights, i);
      sums[i] = total > MIN_WEIGHT ? at(sums, i) / total : at(known[channel], i);
    }
    return sums;
  };
  return [one(0), one(1), one(2)];
}

/** Colours of one layer, spread from where its weight is. */
function layerOf(planes: Planes, weight: Float32Array, size: Size): Planes {
  const wide = spread(planes, weight, planes, { size, radius: WIDE_RADIUS });
  return spread(planes, weight, wide, { size, radius: NARROW_RADIUS });
}

/**
 * Replace the colours of pixels that are not fully foreground.
 * @param picture Changed in place.
 * @param small The same picture at a reduced size.
 * @param matte Float32 [h, w] at the picture's size, 0..1.
 */
export function decontaminate(picture: Picture, small: Picture, matte: Float32Array): void {
  const weight = resizePlane(matte, picture, small, 'bilinear');
  const planes = planesOf(small);
  const trusted = (share: (alpha: number) => number) =>
    weight.map((alpha) => share(alpha) ** TRUST);
  const foreground = layerOf(
    planes,
    trusted((alpha) => alpha),
    small,
  );
  const background = layerOf(
    planes,
    trusted((alpha) => 1 - alpha),
    small,
  );
  const { data, channels, widthPx, heightPx } = picture;
  const rows = positions(small.heightPx, heightPx);
  const columns = positions(small.widthPx, widthPx);
  for (let y = 0; y < heightPx; y += 1) {
    const line = nearest(rows, y) * small.widthPx;
    for (let x = 0; x < widthPx; x += 1) {
      const alpha = at(matte, y * widthPx + x);
      if (alpha > 1 - SURE || alpha < SURE) continue; // nothing to mend, or nothing to see
      const near = line + nearest(columns, x);
      const i = (y * widthPx + x) * channels;
      for (let channel = 0; channel < 3; channel += 1) {
        const front = at(foreground[channel] as Float32Array, near);
        const back = at(background[channel] as Float32Array, near);
        const rest = byte(data, i + channel) - alpha * front - (1 - alpha) * back;
        data[i + channel] = Math.min(255, Math.max(0, Math.round(front + alpha * rest)));
      }
    }
  }
}

function nearest({ lows, highs, parts }: Positions, index: number): number {
  return (at(parts, index) < 0.5 ? lows[index] : highs[index]) as number;
}
