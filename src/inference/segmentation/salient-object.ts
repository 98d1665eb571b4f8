/**
 * Family `salient-object`: a network that sees the picture stretched to a square and gives a matte
 * of that size. The matte is brought to the picture's size by a guided filter, so that its edge
 * lies where the picture's does.
 */
import { z } from 'zod';
import { shrinkPicture } from '../../imaging/codec.ts';
import { applyGuidedFilter, fitGuidedFilter } from '../../imaging/guided-filter.ts';
import { dropIslands } from '../../imaging/matte-islands.ts';
import { byte, lumaOf, type Picture, type Size } from '../../imaging/picture.ts';
import { resizePlane } from '../../imaging/resize.ts';
import type { LoadedPack } from '../loaded-pack.ts';

const triple = z.tuple([z.number(), z.number(), z.number()]);
const inputsSchema = z.strictObject({
  sizePx: z.int().min(32).max(2048),
  mean: triple,
  std: triple,
});

/** Long side at which the matte is refined. */
const WORKING_SIDE_PX = 512;
/** Variance of luma that counts as an edge: a step of about 7 % of the range. */
const EDGE_VARIANCE = 0.005;
/** Matte values beyond these are taken as sure: a network seldom says exactly 0 or 1. */
const SURE_BACKGROUND = 0.15;
const SURE_FOREGROUND = 0.85;

/** A matte and the reduced picture it was refined with. */
export interface Matte {
  /** Float32 [h, w] at the picture's size, 0..1. */
  readonly alpha: Float32Array;
  readonly small: Picture;
}

/** Long side of at most `side`, ratio kept, never enlarged. */
function within(size: Size, side: number): Size {
  const scale = Math.min(1, side / Math.max(size.widthPx, size.heightPx));
  return {
    widthPx: Math.max(1, Math.round(size.widthPx * scale)),
    heightPx: Math.max(1, Math.round(size.heightPx * scale)),
  };
}

/** Float32 [3, S, S], 0..1. sharp shrinks; what must be enlarged goes through our own resampler. */
async function squarePlanes(picture: Picture, sidePx: number): Promise<Float32Array> {
  const to = { widthPx: sidePx, heightPx: sidePx };
  const isShrinking = picture.widthPx >= sidePx && picture.heightPx >= sidePx;
  const source = isShrinking ? await shrinkPicture(picture, to) : picture;
  const count = source.widthPx * source.heightPx;
  const planes = new Float32Array(3 * sidePx * sidePx);
  for (let channel = 0; channel < 3; channel += 1) {
    const plane = new Float32Array(count);
    for (let i = 0; i < count; i += 1) {
      plane[i] = byte(source.data, i * source.channels + channel) / 255;
    }
    planes.set(
      isShrinking ? plane : resizePlane(plane, source, to, 'bicubic'),
      channel * sidePx ** 2,
    );
  }
  return planes;
}

/** The network's own matte, Float32 [S, S], 0..1. */
async function coarseMatte(pack: LoadedPack, picture: Picture): Promise<[Float32Array, Size]> {
  const { sizePx, mean, std } = inputsSchema.parse(pack.pack.inputs);
  const data = await squarePlanes(picture, sizePx);
  const plane = sizePx * sizePx;
  for (let i = 0; i < data.length; i += 1) {
    const channel = Math.floor(i / plane) as 0 | 1 | 2;
    data[i] = ((data[i] as number) - mean[channel]) / std[channel];
  }
  const output = await pack.session('model').run({ data, dims: [1, 3, sizePx, sizePx] });
  if (!(output.data instanceof Float32Array) || output.data.length !== plane) {
    throw new Error(`Pack ${pack.pack.id} gave a matte of another size than ${sizePx}.`);
  }
  return [output.data, { widthPx: sizePx, heightPx: sizePx }];
}

/** Stretch the values so that sure foreground and background are exactly 1 and 0. */
function stretch(matte: Float32Array): Float32Array {
  return matte.map((value) =>
    Math.min(1, Math.max(0, (value - SURE_BACKGROUND) / (SURE_FOREGROUND - SURE_BACKGROUND))),
  );
}

/** Find the dish. @throws Error when the graph misbehaves. */
export async function findForeground(pack: LoadedPack, picture: Picture): Promise<Matte> {
  if (pack.pack.family !== 'salient-object') {
    throw new Error(`There is no segmentation family "${pack.pack.family}": salient-object.`);
  }
  const [coarse, coarseSize] = await coarseMatte(pack, picture);
  const working = within(picture, WORKING_SIDE_PX);
  const isFull = working.widthPx === picture.widthPx && working.heightPx === picture.heightPx;
  const small = isFull ? picture : await shrinkPicture(picture, working);
  const enlarged = resizePlane(coarse, coarseSize, working, 'bicubic');
  const radius = Math.ceil(
    (1.5 * Math.max(working.widthPx, working.heightPx)) / coarseSize.widthPx,
  );
  const subject = dropIslands(stretch(enlarged), working);
  const model = fitGuidedFilter(lumaOf(small), subject, working, {
    radius,
    epsilon: EDGE_VARIANCE,
  });
  const alpha = stretch(applyGuidedFilter(model, lumaOf(picture), picture));
  return { alpha, small };
}
