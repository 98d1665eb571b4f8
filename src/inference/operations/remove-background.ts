/** Operation `remove-background`: decode, find the dish, clean its edge, compose, encode. */
import type { EngineOperation, EngineResult } from '../../engine/protocol.ts';
import { decodePicture } from '../../imaging/codec.ts';
import { decontaminate } from '../../imaging/foreground.ts';
import type { Picture } from '../../imaging/picture.ts';
import { flattenOn, withMatte } from '../../imaging/transparency.ts';
import { findForeground, type Matte } from '../segmentation/find-foreground.ts';
import { type OperationContext, Steps } from './context.ts';
import { type GreyPicture, writeResult } from './write-result.ts';

type RemoveBackgroundOperation = Extract<EngineOperation, { operation: 'remove-background' }>;

function compose(source: Picture, matte: Matte, operation: RemoveBackgroundOperation): Picture {
  const coloured = { ...source, data: Uint8Array.from(source.data) };
  decontaminate(coloured, matte.small, matte.alpha);
  const cutout = withMatte(coloured, matte.alpha);
  return operation.background === undefined ? cutout : flattenOn(cutout, operation.background);
}

const maskOf = (source: Picture, { alpha }: Matte): GreyPicture => ({
  data: Uint8Array.from(alpha, (value) => Math.round(value * 255)),
  widthPx: source.widthPx,
  heightPx: source.heightPx,
  channels: 1,
});

/** Runs the operation; the result has the source's size. */
export async function removeBackground(
  context: OperationContext,
  operation: RemoveBackgroundOperation,
): Promise<EngineResult> {
  const { task, limits } = context;
  const steps = new Steps(context);
  const source = await steps.run('decode', () => decodePicture(task.sourcePath, limits));
  const matte = await steps.run('infer', () => findForeground(context.pack(), source));
  const picture = await steps.run('compose', () =>
    operation.output === 'mask' ? maskOf(source, matte) : compose(source, matte, operation),
  );
  const { widthPx, heightPx } = source;
  return {
    source: { widthPx, heightPx },
    files: [await writeResult(task, steps, picture, operation.format)],
    timingsMs: steps.timingsMs,
  };
}
