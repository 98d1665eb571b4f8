/**
 * Local contrast: the drawing of a picture on top of its large lights and shadows. The two are told apart by a guided filter
 * of luma by itself (He et al., https://arxiv.org/abs/1505.00996), which leaves strong edges to the lights, so that
 * none gets a glow. Enhancement networks are trained on exactly this (scripts/train/enhancement/data.py).
 */
import { applyGuidedFilter, fitGuidedFilter } from './guided-filter.ts';
import { addLuma } from './luma-change.ts';
import { lumaOf, type Picture, type Size, sizeWithin } from './picture.ts';
import { resizePlane } from './resize.ts';

/** Long side at which the filter is fitted. */
const WORKING_SIDE_PX = 384;
/** The window is this share of the short side. */
const RADIUS_SHARE = 1 / 24;
/** Variance of luma that counts as an edge. */
const EDGE_VARIANCE = 0.01;
/** Luma within this of black and white gets less, so that nothing is clipped. */
const MARGIN = 0.12;

const at = (values: Float32Array, index: number): number => values[index] as number;

/** The large lights and shadows: Float32 [h, w], 0..1. */
function baseOf(luma: Float32Array, size: Size): Float32Array {
  const small = sizeWithin(size, WORKING_SIDE_PX);
  const reduced = resizePlane(luma, size, small, 'area');
  const radius = Math.max(1, Math.round(Math.min(small.widthPx, small.heightPx) * RADIUS_SHARE));
  const model = fitGuidedFilter(reduced, reduced, small, { radius, epsilon: EDGE_VARIANCE });
  return applyGuidedFilter(model, luma, size);
}

/** 1 in the middle of the scale, 0 at black and white. */
const roomAt = (luma: number): number => Math.min(1, luma / MARGIN, (1 - luma) / MARGIN);

/**
 * Raise or lower local contrast.
 * @param strength In parts of what is there: 0.5 adds half, -0.3 takes three tenths away.
 * @returns A new picture; alpha is kept. Two planes of floats are held meanwhile.
 */
export function changeLocalContrast(picture: Picture, strength: number): Picture {
  const luma = lumaOf(picture);
  const base = baseOf(luma, picture);
  return addLuma(picture, (i) => {
    const own = at(luma, i);
    return strength * (own - at(base, i)) * Math.max(0, roomAt(own));
  });
}
