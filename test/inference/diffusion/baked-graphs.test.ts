/** Graphs with packing, position ids and normalisation inside give what the plain ones give. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { caseParity } from '../../../src/inference/diffusion/case-parity.ts';
import type { GenerationRequest } from '../../../src/inference/diffusion/generation.ts';
import { SeededNoise } from '../../../src/inference/diffusion/noise.ts';
import { DiffusionPipeline } from '../../../src/inference/diffusion/pipeline.ts';
import { RecordedCase } from '../../../src/inference/diffusion/recorded-case.ts';

const golden = fileURLToPath(new URL('../../golden/pipeline', import.meta.url));
const plain = join(golden, 'models', 'flux2-small');
const cpu = { provider: 'cpu', deviceId: 0, threads: 1 } as const;
const root = mkdtempSync(join(tmpdir(), 'baked-'));
const baked = join(root, 'all');
const besideTokens = join(root, 'autoencoder');

beforeAll(() => {
  for (const folder of [baked, besideTokens]) cpSync(plain, folder, { recursive: true });
  cpSync(join(golden, 'baked'), baked, { recursive: true });
  // The baked autoencoder beside the plain network.
  const pack = JSON.parse(readFileSync(join(golden, 'baked', 'pack.json'), 'utf8'));
  const { decoderTakes, encoderGives, names } = pack.inputs.graphs;
  const { transformer: _, ...others } = names;
  for (const part of ['vae_decoder', 'vae_encoder'])
    cpSync(join(golden, 'baked', part), join(besideTokens, part), { recursive: true });
  const graphs = { decoderTakes, encoderGives, names: others };
  writeFileSync(join(besideTokens, 'pack.json'), JSON.stringify({ inputs: { graphs } }));
});
afterAll(() => rmSync(root, { recursive: true }));

const recorded = new RecordedCase(join(golden, 'cases', 'flux2-small', 'four-steps'));
const requestOf = (changes: Partial<GenerationRequest> = {}): GenerationRequest => ({
  ...recorded.request(undefined),
  noise: new SeededNoise(3),
  ...changes,
});

async function decodedBy(folder: string, request: GenerationRequest): Promise<Float32Array> {
  const pipeline = new DiffusionPipeline(folder, cpu);
  try {
    return (await pipeline.generate(request)).decoded.data;
  } finally {
    await pipeline.release();
  }
}

function expectSame(a: Float32Array, b: Float32Array): void {
  expect(a.length).toBe(b.length);
  for (const [at, value] of a.entries()) expect(Math.abs(value - b[at]!)).toBeLessThan(1e-4);
}

describe('baked graphs', () => {
  it('make the pictures of the plain ones', async () => {
    const request = requestOf({ pictures: 2 });
    expectSame(await decodedBy(baked, request), await decodedBy(plain, request));
  });

  it('are held against a recorded run of the plain ones, but for what happens inside them', async () => {
    const { stages, hidden, passed } = await caseParity(baked, recorded.folder, cpu);
    expect(hidden).toEqual(['denoiser.img_ids', 'denoiser.txt_ids']);
    expect(stages.map(({ stage }) => stage)).toContain('step1.latents');
    expect({ passed, stages }).toMatchObject({ passed: true });
  });

  it('edit like the plain ones where only the autoencoder is baked', async () => {
    const picture = {
      data: Float32Array.from({ length: 3 * 64 * 64 }, (_, i) => Math.sin(i / 7)),
      dims: [1, 3, 64, 64],
    };
    const request = requestOf({ source: { picture } });
    expectSame(await decodedBy(besideTokens, request), await decodedBy(plain, request));
  });

  it('refuse to edit where the network has no room for a second picture', async () => {
    const picture = { data: new Float32Array(3 * 64 * 64), dims: [1, 3, 64, 64] };
    await expect(decodedBy(baked, requestOf({ source: { picture } }))).rejects.toThrow(
      'by reference',
    );
  });

  it('are refused of a family without squares', () => {
    const folder = join(root, 'wrong');
    cpSync(join(golden, 'models', 'sd-small'), folder, { recursive: true });
    const graphs = { latents: 'squares' };
    writeFileSync(join(folder, 'pack.json'), JSON.stringify({ inputs: { graphs } }));
    expect(() => new DiffusionPipeline(folder, cpu)).toThrow('squares');
  });
});
