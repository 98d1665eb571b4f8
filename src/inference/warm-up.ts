/**
 * One real inference through each graph of a pack, on a drawn picture: readiness means that this
 * worked, because a missing cuDNN shows only when a convolution runs.
 */
import type { Picture } from '../imaging/picture.ts';
import type { GenerationRequest } from './diffusion/generation.ts';
import { SeededNoise } from './diffusion/noise.ts';
import { findCorrection } from './enhancement/colour-table-family.ts';
import { type LoadedGenerator, type LoadedPack, unusable } from './loaded-pack.ts';
import { findForeground } from './segmentation/find-foreground.ts';
import { enlarge } from './super-resolution/enlarge.ts';
import { scalesOf } from './super-resolution/families.ts';

const SIDE_PX = 64;

/** A disc on a ground: enough for every kernel to run. */
export function drawDisc(): Picture {
  const data = new Uint8Array(SIDE_PX * SIDE_PX * 3);
  const centre = (SIDE_PX - 1) / 2;
  for (let i = 0; i < SIDE_PX * SIDE_PX; i += 1) {
    const distance = Math.hypot((i % SIDE_PX) - centre, Math.floor(i / SIDE_PX) - centre);
    data.fill(distance < SIDE_PX / 3 ? 220 : 40, i * 3, i * 3 + 3);
  }
  return { data, widthPx: SIDE_PX, heightPx: SIDE_PX, channels: 3 };
}

/** Steps of size that a network surely takes: eight latents a side survive three halvings. */
const WARM_UP_STEPS_OF_SIZE = 8;

/** @throws Error when the manifest lets callers ask for what would be ignored or cannot be done. */
async function checkClaims(
  { pipeline, inputs }: LoadedGenerator,
  request: GenerationRequest,
): Promise<void> {
  const { edits } = pipeline;
  for (const way of ['strength', 'reference'] as const) {
    if (inputs.supports.includes(way) && !edits[way]) {
      throw new Error(`"${way}" is in its "supports", but its pipeline takes no picture that way.`);
    }
  }
  const guidanceScale = inputs.guidanceScale.max;
  const { half, input } = await pipeline.guidesBy({
    ...request,
    guidanceScale,
    negativePrompt: '',
  });
  const acts = { guidance: half || input, negativePrompt: half };
  for (const ability of ['guidance', 'negativePrompt'] as const) {
    if (inputs.supports.includes(ability) && !acts[ability]) {
      throw new Error(
        `"${ability}" is in its "supports", but changes nothing at its guidanceScale of ${guidanceScale}.`,
      );
    }
  }
  pipeline.checkSteps(inputs.steps.max);
}

/** One step of a small picture, after a look at whether the folder can do what the manifest says. */
async function warmUpGenerator(generator: LoadedGenerator): Promise<void> {
  const { pipeline, inputs, choices } = generator;
  const { sizeStep } = pipeline;
  const native = Math.floor(inputs.nativeSizePx / sizeStep) * sizeStep;
  const side = Math.max(sizeStep, Math.min(native, WARM_UP_STEPS_OF_SIZE * sizeStep));
  const request = {
    ...{ prompt: 'a bowl of soup', pictures: 1, steps: 1 },
    ...{ widthPx: side, heightPx: side, guidanceScale: inputs.guidanceScale.default },
    choices,
    noise: new SeededNoise(0),
  };
  await checkClaims(generator, request);
  await pipeline.generate(request);
}

async function runOnce(pack: LoadedPack): Promise<void> {
  const { task } = pack.pack;
  switch (task) {
    case 'segmentation':
      await findForeground(pack, drawDisc());
      return;
    case 'super-resolution':
      for (const scale of scalesOf(pack)) await enlarge(pack, drawDisc(), scale);
      return;
    case 'enhancement':
      await findCorrection(pack, drawDisc());
      return;
    case 'text-to-image':
    case 'image-editing':
      await warmUpGenerator(pack.generator());
      return;
    default:
      throw new Error(`Nothing runs packs for ${task}.`);
  }
}

/** @throws Error that names the pack when its family is unknown, or `inputs` or a graph cannot be used. */
export async function warmUp(pack: LoadedPack): Promise<void> {
  await runOnce(pack).catch((cause: unknown) => {
    throw unusable(pack.pack, cause);
  });
}
