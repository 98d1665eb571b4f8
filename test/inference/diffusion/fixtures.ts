/** Where the reference's fixtures lie; a clone of the project alone has none. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { HostTensor } from '../../../src/inference/graph.ts';

const folder = fileURLToPath(new URL('../../../../shared/fixtures/diffusion', import.meta.url));

/** The folder, or null with a line that says so. */
export function diffusionFixtures(): string | null {
  if (existsSync(folder)) return folder;
  process.stderr.write(`Skipped: the reference's fixtures are not at ${folder}.\n`);
  return null;
}

/** One run of the reference. */
export interface ReferenceCase {
  readonly name: string;
  readonly model: string;
  readonly calls: number;
  readonly images: number;
  readonly noise: readonly string[];
  tensor(name: string): HostTensor & { readonly data: Float32Array };
  has(name: string): boolean;
  /** Path of a file of the case. */
  path(file: string): string;
}

/** Every case, read as it is asked for. */
export function referenceCases(fixtures: string): readonly ReferenceCase[] {
  const cases = join(fixtures, 'cases');
  return readdirSync(cases)
    .flatMap((model) => readdirSync(join(cases, model)).map((id) => `${model}/${id}`))
    .map((name) => readCase(name, join(cases, name)));
}

function readCase(name: string, folder: string): ReferenceCase {
  const spec = JSON.parse(readFileSync(join(folder, 'case.json'), 'utf8'));
  const bytes = readFileSync(join(folder, 'tensors.bin'));
  return {
    name,
    model: spec.model,
    calls: spec.denoiser_timesteps.length / spec.denoiser_calls_per_step,
    images: spec.images,
    noise: spec.noise,
    has: (tensor) => Object.hasOwn(spec.tensors, tensor),
    path: (file) => join(folder, file),
    tensor: (tensor) => {
      const { offset, bytes: length, shape, dtype } = spec.tensors[tensor];
      if (dtype !== 'float32') throw new Error(`${tensor} is ${dtype}.`);
      const copy = Uint8Array.from(bytes.subarray(offset, offset + length));
      return { data: new Float32Array(copy.buffer), dims: shape };
    },
  };
}

/** Largest difference of two arrays of the same length; NaN counts as infinity. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let i = 0; i < a.length; i += 1) {
    const apart = Math.abs(a[i]! - b[i]!);
    if (!(apart <= largest)) largest = Number.isNaN(apart) ? Number.POSITIVE_INFINITY : apart;
  }
  return largest;
}
