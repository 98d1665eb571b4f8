/** Operation `remove-background`: decode, find the dish, clean its edge, compose, encode. */
import type { EngineOperation, EngineResult } from '../../engine/protocol.ts';
import { decodePicture, type EncodedFile, encodeGrey, encodePicture } from '../../imaging/codec.ts';
import { decontaminate } from '../../imaging/foreground.ts';
import type { Picture } from '../../imaging/picture.ts';
import { flattenOn, withMatte } from '../../imaging/transparency.ts';
import { findForeground, type Matte } from '../segmentation/salient-object.ts';
import { type OperationContext, Steps } from './context.ts';

type RemoveBackgroundOperation = Extract<EngineOperation, { operation: 'remove-background' }>;

function compose(source: Picture, matte: Matte, operation: RemoveBackgroundOperation): Picture {
  const coloured = { ...source, data: Uint8Array.from(source.data) };
  decontaminate(coloured, matte.small, matte.alpha);
  const cutout = withMatte(coloured, matte.alpha);
  return operation.background === undefined ? cutout : flattenOn(cutout, operation.background);
}

interface Target {
  readonly operation: RemoveBackgroundOperation;
  readonly path: string;
  readonly steps: Steps;
}

async function writeResult(
  source: Picture,
  matte: Matte,
  { operation, path, steps }: Target,
): Promise<EncodedFile> {
  if (operation.output === 'mask') {
    const plane = Uint8Array.from(matte.alpha, (value) => Math.round(value * 255));
    return steps.run('encode', () => encodeGrey(plane, source, operation.format, path));
  }
  const picture = await steps.run('compose', () => compose(source, matte, operation));
  return steps.run('encode', () => encodePicture(picture, operation.format, path));
}

/** Runs the operation; the result has the source's size. */
export async function removeBackground(
  context: OperationContext,
  operation: RemoveBackgroundOperation,
): Promise<EngineResult> {
  const { task, limits } = context;
  const steps = new Steps(context);
  const source = await steps.run('decode', () => decodePicture(task.sourcePath, limits));
  const matte = await steps.run('infer', () => findForeground(context.pack(), source));
  const path = `${task.outputStem}.${operation.format}`;
  const file = await writeResult(source, matte, { operation, path, steps });
  const { widthPx, heightPx } = source;
  return {
    source: { widthPx, heightPx },
    file: { path, format: operation.format, ...file, widthPx, heightPx },
    timingsMs: steps.timingsMs,
  };
}
