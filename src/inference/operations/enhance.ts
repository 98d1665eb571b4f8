/**
 * Operation `enhance`: decode, frame, take noise out, mend colours and light, enlarge, sharpen, encode. No step draws
 * anything: the dish stays what it is. Noise goes first, because everything after it would make it stronger.
 */
import type {
  ChangeFigures,
  EnhancementLook,
  EnhancementSize,
} from '../../engine/enhancement-terms.ts';
import type { EngineFile, EngineOperation, EngineResult } from '../../engine/protocol.ts';
import { changesBetween } from '../../imaging/change-map.ts';
import { decodePicture } from '../../imaging/codec.ts';
import { applyColourTable, changeTable } from '../../imaging/colour-table.ts';
import { denoise } from '../../imaging/denoise.ts';
import { decontaminate } from '../../imaging/foreground.ts';
import { changeLocalContrast } from '../../imaging/local-contrast.ts';
import { noiseLevelOf } from '../../imaging/noise-level.ts';
import {
  lumaOf,
  type Picture,
  type Size,
  sizeWithin,
  withoutAlpha,
} from '../../imaging/picture.ts';
import { resizePicture, resizeWithAlpha } from '../../imaging/reframe.ts';
import { sharpen } from '../../imaging/sharpen.ts';
import { bleedColours, withMatte } from '../../imaging/transparency.ts';
import { findCorrection } from '../enhancement/colour-table-family.ts';
import { composePicture } from '../enhancement/compose.ts';
import type { LoadedPack } from '../loaded-pack.ts';
import { findForeground } from '../segmentation/find-foreground.ts';
import { enlarge } from '../super-resolution/enlarge.ts';
import { type OperationContext, Steps } from './context.ts';
import { writeResult } from './write-result.ts';

type EnhanceOperation = Extract<EngineOperation, { operation: 'enhance' }>;

/** Noise that nobody sees, in levels of 255. */
const MIN_NOISE = 1.5;
/** Changes of local contrast that nobody sees. */
const MIN_LOCAL_CONTRAST = 0.02;
/** Below it a network restores nothing that a resize would not. */
const MIN_NETWORK_SCALE = 1.2;
/** Long side at which changes are measured. */
const CHANGES_SIDE_PX = 768;
/** How far a task is after each of its steps; enlarging takes the rest. */
const FRAMED = 0.1;
const MENDED = 0.4;
const ENLARGED = 0.9;

/** Noise, colours, light, local contrast. */
async function mend(pack: LoadedPack, picture: Picture, look: EnhancementLook): Promise<Picture> {
  const noise = noiseLevelOf(lumaOf(picture), picture);
  const clean = noise < MIN_NOISE ? picture : denoise(picture, noise);
  const { table, localContrast } = await findCorrection(pack, clean);
  const change = { ...look, share: look.correction };
  const coloured = applyColourTable(clean, changeTable(table, change));
  const strength = localContrast * look.correction + look.localContrast;
  if (Math.abs(strength) < MIN_LOCAL_CONTRAST) return coloured;
  return changeLocalContrast(coloured, strength);
}

/** How many times the sides grow or shrink. */
function scaleFor(
  { widthPx, heightPx }: Size,
  { maxScale, longestSidePx, maxWidthPx, maxHeightPx }: EnhancementSize,
): number {
  const allowed = Math.min(maxScale, longestSidePx / Math.max(widthPx, heightPx));
  const most = (side: number, max = Number.POSITIVE_INFINITY) => max / side;
  return Math.min(Math.max(1, allowed), most(widthPx, maxWidthPx), most(heightPx, maxHeightPx));
}

/** Bring a picture to the size of the result. */
async function bringToSize(
  context: OperationContext,
  steps: Steps,
  picture: Picture,
  { size, upscalerId }: EnhanceOperation,
): Promise<Picture> {
  const scale = scaleFor(picture, size);
  const side = (px: number) => Math.max(1, Math.round(px * scale));
  const to = { widthPx: side(picture.widthPx), heightPx: side(picture.heightPx) };
  if (scale === 1) return picture;
  if (scale < MIN_NETWORK_SCALE || upscalerId === undefined) return resizeWithAlpha(picture, to);
  const enlarged = await enlarge(context.pack(upscalerId), picture, 2, {
    afterTile: (fraction) => {
      context.onProgress(MENDED + fraction * (ENLARGED - MENDED));
      steps.throwIfCancelled();
    },
    onShortage: (tried) => context.onShortage(tried),
  });
  return scale === 2 ? enlarged : resizeWithAlpha(enlarged, to);
}

async function cutOut(segmenter: LoadedPack, picture: Picture): Promise<Picture> {
  const { alpha, small } = await findForeground(segmenter, picture);
  const coloured = { ...picture, data: Uint8Array.from(picture.data) };
  decontaminate(coloured, small, alpha);
  return withMatte(coloured, alpha);
}

/** What was changed, and a picture of it. */
async function tellChanges(
  context: OperationContext,
  steps: Steps,
  before: Picture,
  after: Picture,
): Promise<{ readonly changes: ChangeFigures; readonly file: EngineFile }> {
  const size = sizeWithin(before, CHANGES_SIDE_PX);
  const { map, mean, percentile95 } = await steps.run('compare', () =>
    changesBetween(resizePicture(before, size), resizePicture(after, size)),
  );
  const place = { outputStem: `${context.task.outputStem}_1` };
  const file = await writeResult(place, steps, { ...size, data: map, channels: 1 }, 'png');
  return { changes: { mean, percentile95 }, file };
}

/** Runs the operation. */
export async function enhance(
  context: OperationContext,
  operation: EnhanceOperation,
): Promise<EngineResult> {
  const { task, limits } = context;
  const { segmenterId, removeBackground, framing, look, hasChangeMap } = operation;
  const steps = new Steps(context);
  const segmenter = segmenterId === undefined ? undefined : context.pack(segmenterId);
  const source = await steps.run('decode', () => decodePicture(task.sourcePath, limits));
  const framed = await steps.run('frame', () =>
    composePicture(
      source.isTransparent ? bleedColours(source) : withoutAlpha(source),
      framing,
      segmenter,
    ),
  );
  context.onProgress(FRAMED);
  const mended = await steps.run('mend', () => mend(context.pack(), framed, look));
  context.onProgress(MENDED);
  const sized = await steps.run('enlarge', () => bringToSize(context, steps, mended, operation));
  context.onProgress(ENLARGED);
  const finished = await steps.run('sharpen', () =>
    sharpen(sized, { amount: look.sharpness, threshold: MIN_NOISE }),
  );
  const told = hasChangeMap ? await tellChanges(context, steps, framed, finished) : undefined;
  const result =
    removeBackground && segmenter !== undefined
      ? await steps.run('cutout', () => cutOut(segmenter, finished))
      : finished;
  const format = operation.format ?? (result.channels === 4 ? 'png' : 'jpg');
  const file = await writeResult(task, steps, result, format, operation.file);
  return {
    source: { widthPx: source.widthPx, heightPx: source.heightPx },
    files: told === undefined ? [file] : [file, told.file],
    ...(told === undefined ? {} : { changes: told.changes }),
    timingsMs: steps.timingsMs,
  };
}
