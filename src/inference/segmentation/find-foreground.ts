/**
 * The matte of a picture: the network's, brought to the picture's size. Coarse confidences go through a guided filter, so
 * that their edge lies where the picture's does. Opacities, and what is as fine as the picture or 1024 pixels wide or high,
 * are only resampled: the filter works on a picture of 512 pixels and would blur what the network drew.
 */

import { applyGuidedFilter, fitGuidedFilter } from '../../imaging/guided-filter.ts';
import { dropIslands } from '../../imaging/matte-islands.ts';
import { lumaOf, type Picture, type Size } from '../../imaging/picture.ts';
import { beforePlainBackdrop } from '../../imaging/plain-backdrop.ts';
import { reducePicture } from '../../imaging/reduce-picture.ts';
import { resizePlane } from '../../imaging/resize.ts';
import type { LoadedPack } from '../loaded-pack.ts';
import { type MatteFamily, matteRunOf } from './families.ts';
import { type NetworkMatte, networkMatte } from './network-matte.ts';

/** Long side at which a coarse matte is refined. */
const WORKING_SIDE_PX = 512;
/** Long side from which a matte is fine, however large the picture is. */
const FINE_SIDE_PX = 1024;
/** Variance of luma that counts as an edge: a step of about 7 % of the range. */
const EDGE_VARIANCE = 0.005;
/** Confidences beyond these are taken as sure: a network seldom says exactly 0 or 1. */
const SURE_BACKGROUND = 0.15;
const SURE_FOREGROUND = 0.85;

/** A matte and the reduced picture that belongs to it. */
export interface Matte {
  /** Float32 [h, w] at the picture's size, 0..1. */
  readonly alpha: Float32Array;
  readonly small: Picture;
}

const longSideOf = ({ widthPx, heightPx }: Size): number => Math.max(widthPx, heightPx);

const isFine = (matte: Size, picture: Size): boolean =>
  longSideOf(matte) >= FINE_SIDE_PX ||
  (matte.widthPx >= picture.widthPx && matte.heightPx >= picture.heightPx);

/** Stretch confidences so that sure foreground and background are exactly 1 and 0; opacities are clamped. */
function settle(matte: Float32Array, meaning: MatteFamily['meaning']): Float32Array {
  const [low, high] = meaning === 'opacity' ? [0, 1] : [SURE_BACKGROUND, SURE_FOREGROUND];
  return matte.map((value) => Math.min(1, Math.max(0, (value - low) / (high - low))));
}

/** The matte at another size, cleaned where it is one of confidences. */
function resampled(
  { alpha, size }: NetworkMatte,
  to: Size,
  meaning: MatteFamily['meaning'],
): Float32Array {
  const settled = settle(resizePlane(alpha, size, to, 'bicubic'), meaning);
  return meaning === 'opacity' ? settled : dropIslands(settled, to);
}

/** Confidences with their edge where the picture's is. */
function guided(matte: NetworkMatte, picture: Picture, small: Picture): Float32Array {
  const radius = Math.ceil((1.5 * longSideOf(small)) / longSideOf(matte.size));
  const subject = resampled(matte, small, 'confidence');
  const model = fitGuidedFilter(lumaOf(small), subject, small, { radius, epsilon: EDGE_VARIANCE });
  const edged = settle(applyGuidedFilter(model, lumaOf(picture), picture), 'confidence');
  return beforePlainBackdrop(picture, edged) ?? edged;
}

/** Find the dish. @throws Error when the pack or its graph cannot be used. */
export async function findForeground(pack: LoadedPack, picture: Picture): Promise<Matte> {
  const matte = await networkMatte(pack, picture);
  const { meaning } = matteRunOf(pack);
  const small = await reducePicture(picture, WORKING_SIDE_PX);
  const alpha =
    meaning === 'opacity' || isFine(matte.size, picture)
      ? resampled(matte, picture, meaning)
      : guided(matte, picture, small);
  return { alpha, small };
}
