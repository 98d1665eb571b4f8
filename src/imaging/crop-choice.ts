/** Which part of a picture has a wanted ratio and shows the dish best. */
import type { Window } from './cutout-frame.ts';
import type { Size } from './picture.ts';

/** Ratios of width to height. */
export interface Ratios {
  readonly least: number;
  readonly most: number;
}

/** How far a ratio may be off before anything is cut away for it. */
const TOLERANCE = 0.01;

/** Along one side: a length inside a side, its middle as near to a place as it gets. */
const startOf = (side: number, length: number, middle: number): number =>
  Math.round(Math.min(side - length, Math.max(0, middle - length / 2)));

/** The largest size of a ratio inside another. */
function largest({ widthPx, heightPx }: Size, ratio: number): Size {
  return widthPx / heightPx > ratio
    ? { widthPx: Math.max(1, Math.round(heightPx * ratio)), heightPx }
    : { widthPx, heightPx: Math.max(1, Math.round(widthPx / ratio)) };
}

const areaOf = ({ widthPx, heightPx }: Size): number => widthPx * heightPx;

/**
 * Choose a frame: of the ratios that are allowed the one that cuts away least, as large as it fits, with the dish in its
 * middle. A dish that is larger than the frame is cut evenly on both sides.
 * @param subject Bounding box of the dish; undefined: the middle of the picture is shown.
 */
export function chooseCrop(
  picture: Size,
  ratios: readonly Ratios[],
  subject: Window | undefined,
): Window {
  const own = picture.widthPx / picture.heightPx;
  const frames = ratios.map(({ least, most }) => {
    const nearest = Math.min(most, Math.max(least, own));
    return Math.abs(own / nearest - 1) <= TOLERANCE ? picture : largest(picture, nearest);
  });
  const [first = picture, ...rest] = frames;
  const { widthPx, heightPx } = rest.reduce((a, b) => (areaOf(b) > areaOf(a) ? b : a), first);
  const seen = subject ?? { left: 0, top: 0, ...picture };
  return {
    left: startOf(picture.widthPx, widthPx, seen.left + seen.widthPx / 2),
    top: startOf(picture.heightPx, heightPx, seen.top + seen.heightPx / 2),
    widthPx,
    heightPx,
  };
}
