/** Whether a picture is too dark or too bright: how bright its bright parts are, and how much is clipped. */

const LEVELS = 255;
/** Levels at and below which a pixel shows nothing, and at and above which it is burnt out. */
const BLACK = 5;
const WHITE = 250;
/** Share of the pixels that are brighter than `lightLuma`. */
const LIGHT_SHARE = 0.1;

/** Light of a picture or of a part of it. */
export interface Exposure {
  /** Mean luma, 0..1. */
  readonly meanLuma: number;
  /** Luma that a tenth of the pixels exceed, 0..1: low in a picture without light, not in one of a dark dish. */
  readonly lightLuma: number;
  /** Share of pixels, 0..1, that are black. */
  readonly blackShare: number;
  /** Share of pixels, 0..1, that are burnt out. */
  readonly whiteShare: number;
}

/** Weight at each of the 256 levels. */
function histogramOf(luma: Float32Array, weights?: Float32Array): Float64Array {
  const histogram = new Float64Array(LEVELS + 1);
  for (let i = 0; i < luma.length; i += 1) {
    const level = Math.min(LEVELS, Math.max(0, Math.round((luma[i] as number) * LEVELS)));
    const weight = weights === undefined ? 1 : (weights[i] as number);
    histogram[level] = (histogram[level] as number) + weight;
  }
  return histogram;
}

/** The lowest level that at most the share of the weight lies above. */
function levelUnder(share: number, histogram: Float64Array, total: number): number {
  let above = 0;
  for (let level = LEVELS; level > 0; level -= 1) {
    above += histogram[level] as number;
    if (above > share * total) return level;
  }
  return 0;
}

/**
 * Measure the light.
 * @param luma Float32 [n], 0..1.
 * @param weights Float32 [n], 0..1: how much each pixel counts; absent: all the same.
 * @returns undefined when the weights are all 0.
 */
export function exposureOf(luma: Float32Array, weights?: Float32Array): Exposure | undefined {
  const histogram = histogramOf(luma, weights);
  const sumOf = (levels: Float64Array) => levels.reduce((sum, weight) => sum + weight, 0);
  const total = sumOf(histogram);
  if (total === 0) return undefined;
  const mean = histogram.reduce((sum, weight, level) => sum + weight * level, 0) / total;
  return {
    meanLuma: mean / LEVELS,
    lightLuma: levelUnder(LIGHT_SHARE, histogram, total) / LEVELS,
    blackShare: sumOf(histogram.subarray(0, BLACK + 1)) / total,
    whiteShare: sumOf(histogram.subarray(WHITE)) / total,
  };
}
