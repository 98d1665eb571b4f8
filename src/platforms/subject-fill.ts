/**
 * How much of the frame the dish fills. No source says how the share is counted, so there are three counts, and a
 * picture is only too empty or too full when it is so by all of them: a round dish as high as a 16:9 frame
 * has 44 % of its pixels, a box of 56 %, and all of its height.
 */
import type { PictureFigures } from '../engine/picture-figures.ts';

/** Less than this is no dish but a speck that the network took for one. */
const MIN_SUBJECT_SHARE = 0.01;

/** Three counts of the same, 0..1. */
export interface Fill {
  /** Pixels of the dish. */
  readonly area: number;
  /** Pixels of the box around it. */
  readonly box: number;
  /** The longer of its two extents, each as a share of the frame's. */
  readonly extent: number;
}

/** The counts of a picture; null when no dish was found, or nobody looked. */
export function fillOf({ subject }: PictureFigures): Fill | null {
  if (subject === undefined || subject.areaShare < MIN_SUBJECT_SHARE) return null;
  const width = subject.box.right - subject.box.left;
  const height = subject.box.bottom - subject.box.top;
  return { area: subject.areaShare, box: width * height, extent: Math.max(width, height) };
}

/** Whether a dish fills as much as is asked, by any count. */
export const isFillMet = (
  { area, extent }: Fill,
  { least, most }: { readonly least: number; readonly most: number },
): boolean => extent >= least && area <= most;
