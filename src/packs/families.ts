/** The families that have code under src/inference, by task: a pack of any other cannot be served. */
import type { Manifest } from './manifest.ts';
import { PackError } from './registry.ts';

/** Every family by task. */
export const FAMILIES: Readonly<Record<Manifest['task'], readonly string[]>> = {
  segmentation: ['salient-object', 'u2net', 'isnet', 'birefnet', 'modnet', 'rmbg'],
  'super-resolution': ['compact-residual', 'real-esrgan', 'rlfn', 'swin2sr'],
  enhancement: ['colour-table'],
  'text-to-image': ['diffusers'],
  'image-editing': ['diffusers'],
};

/** @throws PackError when nothing here runs packs of the family for the task. */
export function checkFamily({ id, task, family }: Pick<Manifest, 'id' | 'task' | 'family'>): void {
  const known = FAMILIES[task];
  if (known.includes(family)) return;
  throw new PackError(
    `${id} is of the family "${family}", expected one for ${task}: ${known.join(', ') || 'none yet'}.`,
  );
}
