/**
 * One real inference through each graph of a pack, on a drawn picture: readiness means that this
 * worked, because a missing cuDNN shows only when a convolution runs.
 */
import type { Picture } from '../imaging/picture.ts';
import { SeededNoise } from './diffusion/noise.ts';
import type { LoadedGenerator, LoadedPack } from './loaded-pack.ts';
import { findForeground } from './segmentation/salient-object.ts';
import { enlarge, scalesOf } from './super-resolution/compact-residual.ts';

const SIDE_PX = 64;

/** A disc on a ground: enough for every kernel to run. */
function drawDisc(): Picture {
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

/** One step of a small picture, after a look at whether the folder can do what the manifest says. */
async function warmUpGenerator({ pipeline, inputs, choices }: LoadedGenerator): Promise<void> {
  const { sizeStep, edits } = pipeline;
  for (const way of ['strength', 'reference'] as const) {
    if (inputs.supports.includes(way) && !edits[way]) {
      throw new Error(`"${way}" is in its "supports", but its pipeline takes no picture that way.`);
    }
  }
  const native = Math.floor(inputs.nativeSizePx / sizeStep) * sizeStep;
  const side = Math.max(sizeStep, Math.min(native, WARM_UP_STEPS_OF_SIZE * sizeStep));
  const { decoded } = await pipeline.generate({
    ...{ prompt: 'a bowl of soup', widthPx: side, heightPx: side, pictures: 1, steps: 1 },
    guidanceScale: inputs.guidanceScale.default,
    choices,
    noise: new SeededNoise(0),
  });
  if (!decoded.data.every(Number.isFinite)) throw new Error('it gave NaN or infinity.');
}

/** @throws Error when the pack's family is unknown or a graph cannot be run. */
export async function warmUp(pack: LoadedPack): Promise<void> {
  switch (pack.pack.family) {
    case 'salient-object':
      await findForeground(pack, drawDisc());
      return;
    case 'compact-residual':
      for (const scale of scalesOf(pack)) await enlarge(pack, drawDisc(), scale, () => undefined);
      return;
    case 'diffusers':
      await warmUpGenerator(pack.generator()).catch((cause: unknown) => {
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new Error(`Pack ${pack.pack.id} cannot be used: ${reason}`, { cause });
      });
      return;
    default:
      throw new Error(`Pack ${pack.pack.id} is of the unknown family ${pack.pack.family}.`);
  }
}
