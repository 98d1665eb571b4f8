/** Operation `inspect`: is this a picture we can work with, and how large is it? Writes nothing. */
import type { EngineResult } from '../../engine/protocol.ts';
import { decodePicture } from '../../imaging/codec.ts';
import { type OperationContext, Steps } from './context.ts';

/** Decodes the source fully: a header alone does not tell whether a file is whole. */
export async function inspect(context: OperationContext): Promise<EngineResult> {
  const steps = new Steps(context);
  const { widthPx, heightPx } = await steps.run('decode', () =>
    decodePicture(context.task.sourcePath, context.limits),
  );
  return { source: { widthPx, heightPx }, files: [], timingsMs: steps.timingsMs };
}
