/**
 * Takes noise out of a picture: in each window luma and the two colour differences are drawn to their mean by as much of
 * their variance as noise explains (Lee, "Digital Image Enhancement and Noise Filtering by Use of Local Statistics", 1980),
 * and the windows' answers are averaged as a guided filter's are (He et al. 2013). Edges, which noise does not
 * explain, stay.
 */
import { boxBlur } from './box-blur.ts';
import { byte, type Picture, type Size } from './picture.ts';

/** Noise of colours is coarser and shows more: it is sought in wider windows and taken for stronger. */
const LUMA = { radius: 2, factor: 1 } as const;
const COLOUR = { radius: 4, factor: 1.5 } as const;
/** Rows that are filtered at once: the planes of a whole picture would take a gigabyte. */
const BAND_PX = 256;
/** Rows around a band that its windows see: two passes of the wider radius. */
const CONTEXT_PX = 2 * COLOUR.radius;
/** Weights of red, green and blue in luma, ITU-R BT.601. */
const [RED, GREEN, BLUE] = [0.299, 0.587, 0.114] as const;

const at = (values: Float32Array, index: number): number => values[index] as number;

/** @param sigma Standard deviation of the noise in the plane's own unit. */
function smooth(plane: Float32Array, size: Size, sigma: number, radius: number): Float32Array {
  const mean = boxBlur(plane, size, radius);
  const squares = boxBlur(
    plane.map((value) => value * value),
    size,
    radius,
  );
  const noise = sigma * sigma;
  const gain = new Float32Array(plane.length);
  const rest = new Float32Array(plane.length);
  for (let i = 0; i < plane.length; i += 1) {
    const variance = at(squares, i) - at(mean, i) ** 2;
    gain[i] = variance <= noise ? 0 : (variance - noise) / variance;
    rest[i] = (1 - at(gain, i)) * at(mean, i);
  }
  const gains = boxBlur(gain, size, radius);
  const rests = boxBlur(rest, size, radius);
  return plane.map((value, i) => at(gains, i) * value + at(rests, i));
}

interface Planes {
  readonly luma: Float32Array;
  readonly blue: Float32Array;
  readonly red: Float32Array;
}

/** Luma, and blue and red less luma, of some pixels; in levels. */
function split({ data, channels }: Picture, first: number, count: number): Planes {
  const luma = new Float32Array(count);
  const blue = new Float32Array(count);
  const red = new Float32Array(count);
  for (let i = 0, from = first * channels; i < count; i += 1, from += channels) {
    const [r, g, b] = [byte(data, from), byte(data, from + 1), byte(data, from + 2)];
    const y = RED * r + GREEN * g + BLUE * b;
    luma[i] = y;
    blue[i] = b - y;
    red[i] = r - y;
  }
  return { luma, blue, red };
}

const toByte = (value: number): number => Math.min(255, Math.max(0, Math.round(value)));

/** Pixels of filtered planes, from one index of theirs on. */
function join(
  planes: Planes,
  from: number,
  target: Uint8Array,
  to: number,
  channels: number,
): void {
  for (
    let i = from, out = to;
    out < target.length && i < planes.luma.length;
    i += 1, out += channels
  ) {
    const y = at(planes.luma, i);
    const [r, b] = [y + at(planes.red, i), y + at(planes.blue, i)];
    target[out] = toByte(r);
    target[out + 1] = toByte((y - RED * r - BLUE * b) / GREEN);
    target[out + 2] = toByte(b);
  }
}

/**
 * Take noise out.
 * @param sigma Standard deviation of the noise in levels of 255 (src/imaging/noise-level.ts).
 * @returns A new picture; alpha is kept. Memory beside it is that of 272 rows.
 */
export function denoise(picture: Picture, sigma: number): Picture {
  const { widthPx, heightPx, channels } = picture;
  const data = Uint8Array.from(picture.data);
  for (let top = 0; top < heightPx; top += BAND_PX) {
    const first = Math.max(0, top - CONTEXT_PX);
    const end = Math.min(heightPx, top + BAND_PX + CONTEXT_PX);
    const size = { widthPx, heightPx: end - first };
    const { luma, blue, red } = split(picture, first * widthPx, widthPx * size.heightPx);
    const colour = sigma * COLOUR.factor;
    const planes = {
      luma: smooth(luma, size, sigma * LUMA.factor, LUMA.radius),
      blue: smooth(blue, size, colour, COLOUR.radius),
      red: smooth(red, size, colour, COLOUR.radius),
    };
    const bandEnd = Math.min(heightPx, top + BAND_PX) * widthPx * channels;
    const from = (top - first) * widthPx;
    join(planes, from, data.subarray(0, bandEnd), top * widthPx * channels, channels);
  }
  return { data, widthPx, heightPx, channels };
}
