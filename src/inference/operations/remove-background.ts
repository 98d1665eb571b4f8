/** Operation `remove-background`: decode, find the dish, clean its edge, frame, compose, encode. */
import type { FoundSubject } from '../../engine/cutout-terms.ts';
import type { EngineOperation, EngineResult } from '../../engine/protocol.ts';
import { blurredBackdrop } from '../../imaging/blurred-backdrop.ts';
import { decodePicture, PictureError } from '../../imaging/codec.ts';
import { castShadow, SHADOW_ROOM } from '../../imaging/contact-shadow.ts';
import {
  type CutoutFrame,
  type Framing,
  frameCutout,
  frameCutoutPicture,
  framePlane,
  type Window,
} from '../../imaging/cutout-frame.ts';
import { decontaminate } from '../../imaging/foreground.ts';
import { type Picture, type Size, withoutAlpha } from '../../imaging/picture.ts';
import { cropToRatio, resizePicture } from '../../imaging/reframe.ts';
import { subjectFrameOf } from '../../imaging/subject-frame.ts';
import { flattenOn, withMatte } from '../../imaging/transparency.ts';
import { OperationError } from '../operation-error.ts';
import { findForeground, type Matte } from '../segmentation/find-foreground.ts';
import { type OperationContext, Steps } from './context.ts';
import { type GreyPicture, writeResult } from './write-result.ts';

type RemoveBackgroundOperation = Extract<EngineOperation, { operation: 'remove-background' }>;

/** Transparent parts of a background lie on white, as a menu shows them. */
const WHITE = [255, 255, 255] as const;
const WHOLE: Framing = { crop: false, margin: 0, align: 'center' };
/** The box is of what is more than half opaque; its soft edge reaches this share of the longer side further. */
const SOFT_EDGE = 0.006;
/** Longest side that every format can hold: WebP's. */
const MAX_SIDE_PX = 16_383;

/** Where the dish is, in pixels of the picture. */
function subjectOf({ alpha }: Matte, size: Size): FoundSubject {
  const found = subjectFrameOf(alpha, size);
  if (found === undefined) return { coverage: 0 };
  const { left, top, right, bottom } = found.box;
  return {
    coverage: found.areaShare,
    box: {
      left: Math.round(left * size.widthPx),
      top: Math.round(top * size.heightPx),
      widthPx: Math.round((right - left) * size.widthPx),
      heightPx: Math.round((bottom - top) * size.heightPx),
    },
  };
}

/** A box with its soft edge, which ends where the picture does. */
function softened(box: Window | undefined, { widthPx, heightPx }: Size): Window | undefined {
  if (box === undefined) return undefined;
  const by = Math.round(SOFT_EDGE * Math.max(box.widthPx, box.heightPx));
  const [left, top] = [Math.max(0, box.left - by), Math.max(0, box.top - by)];
  return {
    ...{ left, top },
    widthPx: Math.min(widthPx, box.left + box.widthPx + by) - left,
    heightPx: Math.min(heightPx, box.top + box.heightPx + by) - top,
  };
}

/** The frame of the result. @throws OperationError `invalid_request` when it would be too large. */
function frameOf(
  picture: Size,
  { box }: FoundSubject,
  { framing = WHOLE, shadow }: RemoveBackgroundOperation,
  maxPixels: number,
): CutoutFrame {
  const margin = Math.max(framing.margin, shadow === undefined ? 0 : SHADOW_ROOM);
  const subject = margin < SOFT_EDGE ? softened(box, picture) : box;
  const frame = frameCutout(picture, subject, { ...framing, margin });
  const { widthPx, heightPx } = frame.result;
  if (widthPx * heightPx > maxPixels || Math.max(widthPx, heightPx) > MAX_SIDE_PX) {
    throw new OperationError(
      'invalid_request',
      `The result would have ${widthPx}x${heightPx} pixels; allowed are ${MAX_SIDE_PX} on a side and ${maxPixels} in all.`,
    );
  }
  return frame;
}

/** The picture that a cutout is laid on: its middle, as large as the frame. */
async function readGround(
  { task, limits }: OperationContext,
  frame: CutoutFrame,
): Promise<Picture> {
  const path = task.backgroundPath;
  if (path === undefined)
    throw new Error('A cutout is to lie on a picture, and the task has none.');
  const picture = await decodePicture(path, limits).catch((error: unknown) => {
    if (!(error instanceof PictureError)) throw error;
    throw new OperationError('invalid_image', `options.background: ${error.message}`);
  });
  const opaque = picture.isTransparent ? flattenOn(picture, WHITE) : withoutAlpha(picture);
  return resizePicture(cropToRatio(opaque, frame.result), frame.result);
}

function compose(
  source: Picture,
  matte: Matte,
  { background, shadow }: RemoveBackgroundOperation,
  frame: CutoutFrame,
  ground: Picture | undefined,
): Picture {
  const coloured = { ...source, data: Uint8Array.from(source.data) };
  decontaminate(coloured, matte.small, matte.alpha);
  const cutout = frameCutoutPicture(withMatte(coloured, matte.alpha), frame);
  if (shadow !== undefined) castShadow(cutout, shadow);
  if (ground !== undefined) return flattenOn(cutout, ground);
  if (background === undefined || background === 'picture') return cutout;
  if (background !== 'blur') return flattenOn(cutout, background);
  return flattenOn(cutout, blurredBackdrop(source, matte.small, matte.alpha, frame));
}

function maskOf(source: Picture, { alpha }: Matte, frame: CutoutFrame): GreyPicture {
  const plane = Uint8Array.from(alpha, (value) => Math.round(value * 255));
  return { data: framePlane(plane, source, frame), ...frame.result, channels: 1 };
}

/** Runs the operation; without framing the result has the source's size. */
export async function removeBackground(
  context: OperationContext,
  operation: RemoveBackgroundOperation,
): Promise<EngineResult> {
  const { task, limits } = context;
  const steps = new Steps(context);
  const source = await steps.run('decode', () => decodePicture(task.sourcePath, limits));
  const matte = await steps.run('infer', () => findForeground(context.pack(), source));
  const subject = subjectOf(matte, source);
  const frame = frameOf(source, subject, operation, limits.maxPixels);
  const ground =
    operation.background === 'picture'
      ? await steps.run('decode', () => readGround(context, frame))
      : undefined;
  const picture = await steps.run('compose', () =>
    operation.output === 'mask'
      ? maskOf(source, matte, frame)
      : compose(source, matte, operation, frame, ground),
  );
  const { widthPx, heightPx } = source;
  return {
    source: { widthPx, heightPx },
    files: [await writeResult(task, steps, picture, operation.format)],
    subject,
    timingsMs: steps.timingsMs,
  };
}
