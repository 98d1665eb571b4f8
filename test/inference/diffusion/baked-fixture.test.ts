/**
 * The reference's `flux2-klein-tiny`, re-exported with packing, positions and normalisation inside, against the recorded
 * runs of the plain graphs. Needs the fixtures and a Python with scripts/golden/pipeline/requirements.txt, by the name in
 * GARNISH_GOLDEN_PYTHON (`python3` unless told); skips with a line that says what is missing.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { caseParity } from '../../../src/inference/diffusion/case-parity.ts';
import { diffusionFixtures } from './fixtures.ts';

const script = fileURLToPath(
  new URL('../../../scripts/golden/pipeline/bake_flux2.py', import.meta.url),
);
const python = process.env['GARNISH_GOLDEN_PYTHON'] ?? 'python3';
const MODEL = 'flux2-klein-tiny';

function canBake(): boolean {
  if (spawnSync(python, ['-c', 'import numpy, onnx, onnxruntime']).status === 0) return true;
  process.stderr.write(
    `Skipped: ${python} has not what bake_flux2.py needs (GARNISH_GOLDEN_PYTHON).\n`,
  );
  return false;
}

const fixtures = diffusionFixtures();
const root = mkdtempSync(join(tmpdir(), 'baked-fixture-'));
const baked = join(root, 'all');
const autoencoder = join(root, 'autoencoder');
afterAll(() => rmSync(root, { recursive: true }));

describe.skipIf(fixtures === null || !canBake())(`baked ${MODEL}`, () => {
  const plain = join(fixtures ?? '', 'models', MODEL);
  const parityOf = (folder: string, id: string) =>
    caseParity(folder, join(fixtures ?? '', 'cases', MODEL, id), {
      ...{ provider: 'cpu', deviceId: 0, threads: 1 },
    });

  beforeAll(() => {
    for (const folder of [baked, autoencoder]) cpSync(plain, folder, { recursive: true });
    const { status, stderr } = spawnSync(python, [script, plain, baked], { encoding: 'utf8' });
    expect(status, stderr).toBe(0);
    const { inputs } = JSON.parse(readFileSync(join(baked, 'pack.json'), 'utf8'));
    const { decoderTakes, encoderGives, names } = inputs.graphs;
    const { transformer: _, ...others } = names;
    for (const part of ['vae_decoder', 'vae_encoder'])
      cpSync(join(baked, part), join(autoencoder, part), { recursive: true });
    const graphs = { decoderTakes, encoderGives, names: others };
    writeFileSync(join(autoencoder, 'pack.json'), JSON.stringify({ inputs: { graphs } }));
  });

  it.each(['distilled-4', 'wide-2'])('makes the picture of %s, step by step', async (id) => {
    const { stages, hidden, passed } = await parityOf(baked, id);
    expect(hidden).toEqual(['denoiser.img_ids', 'denoiser.txt_ids']);
    expect(stages.map(({ stage }) => stage)).toContain('step1.latents');
    expect({ passed, stages }).toMatchObject({ passed: true });
  });

  it('edits a picture where only the autoencoder is baked', async () => {
    const { stages, hidden, passed } = await parityOf(autoencoder, 'edit-one-image');
    expect(hidden).toEqual(['encoder_latent_parameters']);
    expect({ passed, stages }).toMatchObject({ passed: true });
  });
});
