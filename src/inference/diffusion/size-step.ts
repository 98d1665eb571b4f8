/** Which sides a pipeline can be asked for. */
import { z } from 'zod';
import type { ComponentFolder } from './component-folder.ts';
import type { Family } from './families/family.ts';
import { pixelsPerLatent } from './vae.ts';

const unetSchema = z.looseObject({ block_out_channels: z.array(z.int()).min(1) });

/**
 * Latents of a side that a U-Net halves evenly: one halving less than it has blocks. The reference sizes its
 * upsampling by what it halved; an exported graph only doubles.
 */
function halvedEvenly(parts: ComponentFolder): number {
  if (!parts.has('unet')) return 1;
  return 2 ** (unetSchema.parse(parts.config('unet')).block_out_channels.length - 1);
}

/** Pixels that the sides of pictures must be a multiple of. */
export function sizeStepOf(parts: ComponentFolder, family: Family): number {
  const perLatent = pixelsPerLatent(parts.vae) * family.patch;
  return perLatent * Math.max(family.sideMultiple, halvedEvenly(parts));
}
