/** A decoder in half precision whose values really leave its range, in a whole pipeline. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SeededNoise } from '../../../src/inference/diffusion/noise.ts';
import { DiffusionPipeline } from '../../../src/inference/diffusion/pipeline.ts';
import { RecordedCase } from '../../../src/inference/diffusion/recorded-case.ts';
import { loadGraph } from '../../../src/inference/session.ts';

const golden = fileURLToPath(new URL('../../golden', import.meta.url));
const plain = join(golden, 'pipeline', 'models', 'sd-small');
const overflowing = join(golden, 'overflow', 'vae_decoder');
const cpu = { provider: 'cpu', deviceId: 0, threads: 1 } as const;
const root = mkdtempSync(join(tmpdir(), 'overflow-'));
const alone = join(root, 'alone');
const withFull = join(root, 'with-full');

beforeAll(() => {
  for (const folder of [alone, withFull]) {
    cpSync(plain, folder, { recursive: true });
    cpSync(overflowing, join(folder, 'vae_decoder'), { recursive: true });
  }
  cpSync(join(plain, 'vae_decoder'), join(withFull, 'vae_decoder_fp32'), { recursive: true });
});
afterAll(() => rmSync(root, { recursive: true }));

const recorded = new RecordedCase(join(golden, 'pipeline', 'cases', 'sd-small', 'two-pictures'));

async function decodedBy(folder: string): Promise<Float32Array> {
  const pipeline = new DiffusionPipeline(folder, cpu);
  try {
    const request = { ...recorded.request(undefined), noise: new SeededNoise(4) };
    return (await pipeline.generate(request)).decoded.data;
  } finally {
    await pipeline.release();
  }
}

describe('a decoder that overflows in half precision', () => {
  it('gives no numbers by itself', async () => {
    const graph = await loadGraph(join(overflowing, 'model.onnx'), cpu);
    expect(graph.inputs.get('latent_sample')?.type).toBe('float16');
    const latents = Float32Array.from({ length: 4 * 4 * 6 }, (_, i) => 4 * Math.sin(i));
    const feeds = { latent_sample: { data: latents, dims: [1, 4, 4, 6] } };
    const { sample } = await graph.run(feeds, ['sample']);
    await graph.release();
    expect(sample?.dims).toEqual([1, 3, 32, 48]);
    expect(sample?.data.some(Number.isFinite)).toBe(false);
  });

  it('is replaced by the one in full precision: the pictures are those of a pack in full precision', async () => {
    const pictures = await decodedBy(withFull);
    expect(pictures.every(Number.isFinite)).toBe(true);
    expect(new Set(pictures).size).toBeGreaterThan(100);
    expect(pictures).toEqual(await decodedBy(plain));
  });

  it('ends the run where the pack has no other', async () => {
    await expect(decodedBy(alone)).rejects.toThrow('The decoder overflowed');
  });
});
