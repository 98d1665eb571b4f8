/** Operation `upscale`: decode, enlarge by tiles, encode. */
import type { EngineOperation, EngineResult } from '../../engine/protocol.ts';
import { decodePicture } from '../../imaging/codec.ts';
import { type Size, withoutAlpha } from '../../imaging/picture.ts';
import { bleedColours } from '../../imaging/transparency.ts';
import { OperationError } from '../operation-error.ts';
import { enlarge } from '../super-resolution/enlarge.ts';
import { type OperationContext, Steps } from './context.ts';
import { writeResult } from './write-result.ts';

type UpscaleOperation = Extract<EngineOperation, { operation: 'upscale' }>;

function assertResultFits(size: Size, scale: number, maxResultPixels: number): void {
  const pixels = size.widthPx * size.heightPx * scale * scale;
  if (pixels > maxResultPixels) {
    throw new OperationError(
      'invalid_request',
      `Expected a result of at most ${maxResultPixels} pixels: ${size.widthPx}x${size.heightPx} at scale ${scale} has ${pixels}.`,
    );
  }
}

/** Runs the operation; the result is exactly `scale` times the source. */
export async function upscale(
  context: OperationContext,
  operation: UpscaleOperation,
): Promise<EngineResult> {
  const { task, limits } = context;
  const steps = new Steps(context);
  const source = await steps.run('decode', () => decodePicture(task.sourcePath, limits));
  assertResultFits(source, operation.scale, limits.maxResultPixels);
  const prepared = await steps.run('prepare', () =>
    source.isTransparent ? bleedColours(source) : withoutAlpha(source),
  );
  const enlarged = await steps.run('infer', () =>
    enlarge(context.pack(), prepared, operation.scale, {
      afterTile: (fraction) => {
        context.onProgress(fraction);
        steps.throwIfCancelled();
      },
      onShortage: (tried) => context.onShortage(tried),
    }),
  );
  const format = operation.format ?? (source.isTransparent ? 'png' : 'jpg');
  return {
    source: { widthPx: source.widthPx, heightPx: source.heightPx },
    files: [await writeResult(task, steps, enlarged, format)],
    timingsMs: steps.timingsMs,
  };
}
