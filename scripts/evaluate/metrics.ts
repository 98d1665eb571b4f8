/** Figures that pictures and mattes are judged by. Planes are [height, width]. */
import { boxBlur } from '../../src/imaging/box-blur.ts';
import type { Picture, Size } from '../../src/imaging/picture.ts';

const at = (values: ArrayLike<number>, index: number): number => values[index] as number;

/** Luma as super-resolution is judged by: Y of BT.601 in its range of 16 to 235. */
export function studioLuma({ data, channels, widthPx, heightPx }: Picture): Float64Array {
  return Float64Array.from({ length: widthPx * heightPx }, (_, i) => {
    const [red, green, blue] = [0, 1, 2].map((channel) => at(data, i * channels + channel)) as [
      number,
      number,
      number,
    ];
    return 16 + (65.481 * red + 128.553 * green + 24.966 * blue) / 255;
  });
}

/** A plane without its outermost pixels. */
function inner(plane: Float64Array, { widthPx, heightPx }: Size, border: number) {
  const size = { widthPx: widthPx - 2 * border, heightPx: heightPx - 2 * border };
  const values = Float64Array.from({ length: size.widthPx * size.heightPx }, (_, i) => {
    const [x, y] = [i % size.widthPx, Math.floor(i / size.widthPx)];
    return at(plane, (y + border) * widthPx + x + border);
  });
  return { values, size };
}

/** Peak signal to noise of two planes of levels, in dB; a border is left out, as the literature does. */
export function psnr(one: Float64Array, other: Float64Array, size: Size, border: number): number {
  const [a, b] = [inner(one, size, border).values, inner(other, size, border).values];
  const squares = a.reduce((sum, value, i) => sum + (value - at(b, i)) ** 2, 0);
  return 10 * Math.log10(255 ** 2 / (squares / a.length));
}

const WINDOW = 11;
const WEIGHTS = ((): readonly number[] => {
  const raw = Array.from({ length: WINDOW }, (_, i) => Math.exp(-((i - 5) ** 2) / (2 * 1.5 ** 2)));
  const total = raw.reduce((sum, weight) => sum + weight, 0);
  return raw.map((weight) => weight / total);
})();

/** Gaussian mean where the window lies wholly inside. */
function windowed(plane: Float64Array, { widthPx, heightPx }: Size): Float64Array {
  const [width, height] = [widthPx - WINDOW + 1, heightPx - WINDOW + 1];
  const rows = new Float64Array(width * heightPx);
  for (let i = 0; i < rows.length; i += 1) {
    const from = Math.floor(i / width) * widthPx + (i % width);
    rows[i] = WEIGHTS.reduce((sum, weight, tap) => sum + weight * at(plane, from + tap), 0);
  }
  return Float64Array.from({ length: width * height }, (_, i) =>
    WEIGHTS.reduce((sum, weight, tap) => sum + weight * at(rows, i + tap * width), 0),
  );
}

/** Structural similarity of two planes of levels (Wang et al. 2004, 11 x 11 Gaussian of 1.5), 0..1. */
export function ssim(one: Float64Array, other: Float64Array, full: Size, border: number): number {
  const { values: a, size } = inner(one, full, border);
  const b = inner(other, full, border).values;
  const mean = (of: (i: number) => number) =>
    windowed(
      Float64Array.from(a, (_, i) => of(i)),
      size,
    );
  const [meanA, meanB] = [mean((i) => at(a, i)), mean((i) => at(b, i))];
  const [aa, bb, ab] = [
    mean((i) => at(a, i) ** 2),
    mean((i) => at(b, i) ** 2),
    mean((i) => at(a, i) * at(b, i)),
  ];
  const [c1, c2] = [(0.01 * 255) ** 2, (0.03 * 255) ** 2];
  const total = meanA.reduce((sum, m, i) => {
    const n = at(meanB, i);
    const [varianceA, varianceB] = [at(aa, i) - m * m, at(bb, i) - n * n];
    const structure = (2 * (at(ab, i) - m * n) + c2) / (varianceA + varianceB + c2);
    return sum + ((2 * m * n + c1) / (m * m + n * n + c1)) * structure;
  }, 0);
  return total / meanA.length;
}

/** Intersection over union of two mattes, 0..1, taken at a half; two empty ones agree. */
export function intersectionOverUnion(found: Float32Array, wanted: Float32Array): number {
  let both = 0;
  let either = 0;
  for (let i = 0; i < found.length; i += 1) {
    const [one, other] = [at(found, i) >= 0.5, at(wanted, i) >= 0.5];
    if (one && other) both += 1;
    if (one || other) either += 1;
  }
  return either === 0 ? 1 : both / either;
}

/** 1 on the subject's pixels that have a neighbour outside it. */
function outline(matte: Float32Array, { widthPx, heightPx }: Size): Float32Array {
  const isIn = (x: number, y: number) =>
    x < 0 || y < 0 || x >= widthPx || y >= heightPx || at(matte, y * widthPx + x) >= 0.5;
  return matte.map((value, i) => {
    const [x, y] = [i % widthPx, Math.floor(i / widthPx)];
    const isEdge = !(isIn(x - 1, y) && isIn(x + 1, y) && isIn(x, y - 1) && isIn(x, y + 1));
    return value >= 0.5 && isEdge ? 1 : 0;
  });
}

/** Share of an outline that lies near another. */
function shareNear(line: Float32Array, other: Float32Array, size: Size, reach: number): number {
  const near = boxBlur(other, size, reach);
  const total = line.reduce((sum, value) => sum + value, 0);
  const hit = line.reduce((sum, value, i) => sum + (at(near, i) > 0 ? value : 0), 0);
  return total === 0 ? 1 : hit / total;
}

/**
 * F measure of the outlines of two mattes (Perazzi et al. 2016, the boundary measure of DAVIS), 0..1: how much of each lies
 * within `reach` pixels of the other.
 */
export function boundaryF(
  found: Float32Array,
  wanted: Float32Array,
  size: Size,
  reach: number,
): number {
  const [mine, truth] = [outline(found, size), outline(wanted, size)];
  const precision = shareNear(mine, truth, size, reach);
  const recall = shareNear(truth, mine, size, reach);
  return precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall);
}

/** Length of the gradient of each pixel. */
function steepness(matte: Float32Array, { widthPx, heightPx }: Size): Float32Array {
  const soft = boxBlur(matte, { widthPx, heightPx }, 1);
  const value = (x: number, y: number) =>
    at(
      soft,
      Math.min(heightPx - 1, Math.max(0, y)) * widthPx + Math.min(widthPx - 1, Math.max(0, x)),
    );
  return soft.map((_, i) => {
    const [x, y] = [i % widthPx, Math.floor(i / widthPx)];
    return Math.hypot(value(x + 1, y) - value(x - 1, y), value(x, y + 1) - value(x, y - 1)) / 2;
  });
}

/**
 * Gradient error of two mattes (after Rhemann et al. 2009): the mean over the picture of the squared difference of their
 * gradients' lengths, in thousandths.
 */
export function gradientError(found: Float32Array, wanted: Float32Array, size: Size): number {
  const [mine, truth] = [steepness(found, size), steepness(wanted, size)];
  const squares = mine.reduce((sum, value, i) => sum + (value - at(truth, i)) ** 2, 0);
  return (1000 * squares) / mine.length;
}

/** Mean of some figures. */
export const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
