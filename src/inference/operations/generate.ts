/**
 * Operation `generate`: read the source if there is one, draw at the network's own size, then bring each picture
 * to the exact size and encode it. All pictures are made or the task fails.
 */
import type { EngineFile, EngineOperation, EngineResult } from '../../engine/protocol.ts';
import type { Picture, Size } from '../../imaging/picture.ts';
import { cropToRatio, resizePicture } from '../../imaging/reframe.ts';
import {
  type Generation,
  GenerationCancelled,
  UnsupportedRequest,
} from '../diffusion/generation.ts';
import { SeededNoise } from '../diffusion/noise.ts';
import { toBytes } from '../diffusion/vae.ts';
import type { FloatTensor } from '../graph.ts';
import type { LoadedPack } from '../loaded-pack.ts';
import { OperationError } from '../operation-error.ts';
import { type EnlargeOptions, enlarge } from '../super-resolution/enlarge.ts';
import { scalesOf } from '../super-resolution/families.ts';
import { type OperationContext, Steps } from './context.ts';
import { type EditSource, readEditSource } from './edit-source.ts';
import { runSizeOf, scalesTo } from './run-size.ts';
import { writeResult } from './write-result.ts';

type GenerateOperation = Extract<EngineOperation, { operation: 'generate' }>;

/** Share of the work that is the generator's, for progress; the rest is enlarging and encoding. */
const GENERATOR_SHARE = 0.8;

/** What `generate` throws, as the protocol's kinds. */
function toOperationError(error: unknown): unknown {
  if (error instanceof GenerationCancelled) return new OperationError('cancelled', error.message);
  if (error instanceof UnsupportedRequest) {
    return new OperationError('invalid_request', error.message);
  }
  return error;
}

async function draw(
  context: OperationContext,
  operation: GenerateOperation,
  runSize: Size,
  edited: EditSource | undefined,
): Promise<Generation> {
  const { pipeline, choices } = context.pack().generator();
  const { prompt, negativePrompt, seed, count, steps, guidanceScale } = operation;
  const request = {
    ...{ prompt, ...runSize, pictures: count, steps, guidanceScale },
    ...(negativePrompt === undefined ? {} : { negativePrompt }),
    ...(edited === undefined ? {} : { source: edited.source }),
    choices,
    noise: new SeededNoise(seed),
  };
  try {
    return await pipeline.generate(request, {
      isCancelled: () => context.isCancelled(),
      onProgress: (fraction) => context.onProgress(fraction * GENERATOR_SHARE),
      onShortage: (tried) => context.onShortage(tried),
    });
  } catch (error) {
    throw toOperationError(error);
  }
}

/** A broken network gives no picture, rather than a black one. */
function assertFinite({ data }: FloatTensor): void {
  if (!data.every(Number.isFinite)) throw new Error('The pack gave NaN or infinity.');
}

/** Bring a picture of the generator to the exact size: the ratio cut out, enlarged, then resampled. */
async function toSize(
  picture: Picture,
  size: Size,
  upscaler: LoadedPack | undefined,
  { afterTile, ...options }: EnlargeOptions,
): Promise<Picture> {
  let enlarged = cropToRatio(picture, size);
  const scales = upscaler === undefined ? [] : scalesTo(enlarged, size, scalesOf(upscaler));
  for (const [pass, scale] of scales.entries()) {
    if (upscaler === undefined) break;
    enlarged = await enlarge(upscaler, enlarged, scale, {
      ...options,
      afterTile: (fraction) => afterTile?.((pass + fraction) / scales.length),
    });
  }
  return resizePicture(enlarged, size);
}

/** Runs the operation; each result has exactly the size that is asked for. */
export async function generate(
  context: OperationContext,
  operation: GenerateOperation,
): Promise<EngineResult> {
  const { task } = context;
  const { edit, size, count, upscalerId, format } = operation;
  const steps = new Steps(context);
  const { pipeline, inputs } = context.pack().generator();
  const { nativeSizePx } = inputs;
  const { sizeStep } = pipeline;
  const runSize = runSizeOf(size, nativeSizePx, sizeStep);
  const edited =
    edit &&
    (await steps.run('decode', () =>
      readEditSource(context, { edit, runSize, nativeSizePx, sizeStep }),
    ));
  const made = await steps.run('infer', () => draw(context, operation, runSize, edited));
  assertFinite(made.decoded);
  const upscaler = upscalerId === undefined ? undefined : context.pack(upscalerId);
  const files: EngineFile[] = [];
  for (let index = 0; index < count; index += 1) {
    const data = toBytes(made.decoded, index);
    const sized = await steps.run('enlarge', () =>
      toSize({ data, ...runSize, channels: 3 }, size, upscaler, {
        afterTile: (fraction) => {
          context.onProgress(
            GENERATOR_SHARE + ((1 - GENERATOR_SHARE) * (index + fraction)) / count,
          );
          steps.throwIfCancelled();
        },
        onShortage: (tried) => context.onShortage(tried),
      }),
    );
    const numbered = { ...task, outputStem: `${task.outputStem}_${index}` };
    files.push(await writeResult(numbered, steps, sized, format));
    context.onProgress(GENERATOR_SHARE + ((1 - GENERATOR_SHARE) * (index + 1)) / count);
  }
  return {
    ...(edited === undefined ? {} : { source: edited.size }),
    files,
    promptTokens: made.promptTokens,
    timingsMs: steps.timingsMs,
  };
}
