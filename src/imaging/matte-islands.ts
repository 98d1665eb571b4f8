/**
 * Cleans a coarse matte: small islands beside the subject, and faint smears away from it, are what
 * a network that is unsure leaves behind. Several subjects of like size all stay.
 */
import { boxBlur } from './box-blur.ts';
import type { Size } from './picture.ts';

/** Matte above which a pixel counts as found. */
const FOUND = 0.5;
/** Islands smaller than this share of the largest are dropped. */
const MIN_SHARE = 0.03;
/** Soft edges may reach this far beyond what was found, as a share of the long side. */
const REACH = 0.03;

/** A label for each pixel, 0 for none, and how many pixels each label has. */
interface Regions {
  readonly labels: Int32Array;
  readonly areas: readonly number[];
}

/** Pixels above, below, left and right that are inside the picture. */
function neighboursOf(pixel: number, { widthPx: width, heightPx: height }: Size): number[] {
  const x = pixel % width;
  const neighbours = [pixel - width, pixel + width];
  if (x > 0) neighbours.push(pixel - 1);
  if (x < width - 1) neighbours.push(pixel + 1);
  return neighbours.filter((neighbour) => neighbour >= 0 && neighbour < width * height);
}

/** Connected regions of found pixels. */
function labelRegions(matte: Float32Array, size: Size): Regions {
  const labels = new Int32Array(matte.length);
  const areas = [0];
  const isOpen = (pixel: number) => (matte[pixel] as number) > FOUND && labels[pixel] === 0;
  for (let start = 0; start < matte.length; start += 1) {
    if (!isOpen(start)) continue;
    const label = areas.length;
    const region = [start]; // grows while it is walked
    labels[start] = label;
    for (const pixel of region) {
      for (const neighbour of neighboursOf(pixel, size).filter(isOpen)) {
        labels[neighbour] = label;
        region.push(neighbour);
      }
    }
    areas.push(region.length);
  }
  return { labels, areas };
}

/**
 * Keep the subjects of a matte and their soft edges.
 * @param matte Float32 [h, w], 0..1.
 * @returns A matte of the same size, 0 away from the subjects; unchanged when nothing was found.
 */
export function dropIslands(matte: Float32Array, size: Size): Float32Array {
  const { labels, areas } = labelRegions(matte, size);
  const largest = Math.max(...areas);
  if (largest === 0) return matte;
  const kept = Float32Array.from(labels, (label) =>
    label > 0 && (areas[label] as number) >= largest * MIN_SHARE ? 1 : 0,
  );
  const radius = Math.ceil(Math.max(size.widthPx, size.heightPx) * REACH);
  const near = boxBlur(kept, size, radius);
  // Running sums leave rounding noise where there is nothing: one pixel weighs far more than that.
  const onePixel = 0.5 / (2 * radius + 1) ** 2;
  return matte.map((alpha, i) => ((near[i] as number) > onePixel ? alpha : 0));
}
