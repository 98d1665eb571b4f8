/** Composition of an enhancement: a small tilt is set upright, and a frame is chosen around the dish. */
import type { EnhancementFraming } from '../../engine/enhancement-terms.ts';
import { chooseCrop } from '../../imaging/crop-choice.ts';
import type { Window } from '../../imaging/cutout-frame.ts';
import { alphaOf, lumaOf, type Picture, type Size } from '../../imaging/picture.ts';
import { reducePicture } from '../../imaging/reduce-picture.ts';
import { cropTo } from '../../imaging/reframe.ts';
import { straighten } from '../../imaging/straighten.ts';
import { subjectFrameOf } from '../../imaging/subject-frame.ts';
import { findTilt } from '../../imaging/tilt.ts';
import type { LoadedPack } from '../loaded-pack.ts';
import { findForeground } from '../segmentation/find-foreground.ts';

/** Long sides at which tilt and dish are looked for. */
const TILT_SIDE_PX = 512;
const DISH_SIDE_PX = 1024;
/** A tilt that nobody sees is not worth a resampling. */
const MIN_TILT_DEGREES = 0.5;

async function upright(picture: Picture, maxTiltDegrees: number): Promise<Picture> {
  if (maxTiltDegrees === 0) return picture;
  const small = await reducePicture(picture, TILT_SIDE_PX);
  const tilt = findTilt(lumaOf(small), small) ?? 0;
  const isSeen = Math.abs(tilt) >= MIN_TILT_DEGREES;
  return isSeen && Math.abs(tilt) <= maxTiltDegrees ? straighten(picture, -tilt) : picture;
}

/** What is seen of the dish: what a network finds, or what is not transparent. */
async function dishMatte(
  picture: Picture,
  segmenter: LoadedPack | undefined,
): Promise<{ readonly matte: Float32Array; readonly size: Size } | undefined> {
  if (picture.channels === 4) {
    return { matte: Float32Array.from(alphaOf(picture), (alpha) => alpha / 255), size: picture };
  }
  if (segmenter === undefined) return undefined;
  const small = await reducePicture(picture, DISH_SIDE_PX);
  return { matte: (await findForeground(segmenter, small)).alpha, size: small };
}

/** Bounding box of the dish in pixels of the picture. */
async function dishBox(
  picture: Picture,
  segmenter: LoadedPack | undefined,
): Promise<Window | undefined> {
  const seen = await dishMatte(picture, segmenter);
  const found = seen && subjectFrameOf(seen.matte, seen.size);
  if (found === undefined) return undefined;
  const { left, top, right, bottom } = found.box;
  const { widthPx, heightPx } = picture;
  return {
    left: left * widthPx,
    top: top * heightPx,
    widthPx: (right - left) * widthPx,
    heightPx: (bottom - top) * heightPx,
  };
}

/**
 * Bring a picture into its frame.
 * @param segmenter Finds the dish; undefined: the frame lies in the middle.
 */
export async function composePicture(
  picture: Picture,
  { maxTiltDegrees, ratios }: EnhancementFraming,
  segmenter: LoadedPack | undefined,
): Promise<Picture> {
  const straight = await upright(picture, maxTiltDegrees);
  if (ratios === undefined) return straight;
  return cropTo(straight, chooseCrop(straight, ratios, await dishBox(straight, segmenter)));
}
