/** What was changed in a picture: the CIEDE2000 difference of each pixel, as a picture and in two figures. */
import { colourDifference, labOf } from './colour-difference.ts';
import { byte, type Picture } from './picture.ts';

/** Difference that is drawn white; 1 is just seen, 20 is another colour. */
const WHITE_AT = 20;
const PERCENTILE = 0.95;

/** The changes between two pictures. */
export interface Changes {
  /** Uint8 [h, w]: black is unchanged, white a difference of 20 and more. */
  readonly map: Uint8Array;
  readonly mean: number;
  readonly percentile95: number;
}

const labAt = ({ data, channels }: Picture, pixel: number) =>
  labOf(
    byte(data, pixel * channels),
    byte(data, pixel * channels + 1),
    byte(data, pixel * channels + 2),
  );

/**
 * Compare two pictures of one size; alpha does not count.
 * @returns Takes about half a microsecond for each pixel: bring large pictures to a smaller size first.
 */
export function changesBetween(before: Picture, after: Picture): Changes {
  const count = before.widthPx * before.heightPx;
  const differences = Float32Array.from({ length: count }, (_, pixel) =>
    colourDifference(labAt(before, pixel), labAt(after, pixel)),
  );
  const map = Uint8Array.from(differences, (difference) =>
    Math.min(255, Math.round((difference / WHITE_AT) * 255)),
  );
  const mean = differences.reduce((sum, value) => sum + value, 0) / count;
  const sorted = differences.sort();
  return { map, mean, percentile95: sorted[Math.floor(PERCENTILE * (count - 1))] as number };
}
