/** Every case of the reference: from its last latents to the picture, and from its source to the first latents. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  fromTokens,
  patchify,
  toTokens,
  unpatchify,
} from '../../../src/inference/diffusion/packing.ts';
import {
  decodeLatents,
  latentOf,
  latentParameters,
  latentScale,
  pixelsPerLatent,
  toBytes,
  toDecoderScale,
  toDenoiserScale,
  vaeConfigSchema,
} from '../../../src/inference/diffusion/vae.ts';
import type { HostTensor } from '../../../src/inference/graph.ts';
import { loadGraph } from '../../../src/inference/session.ts';
import { sharp } from '../../support/sharp.ts';
import {
  diffusionFixtures,
  largestDifference,
  type ReferenceCase,
  referenceCases,
} from './fixtures.ts';

const fixtures = diffusionFixtures();
const cases = fixtures === null ? [] : referenceCases(fixtures);
const cpu = { provider: 'cpu', deviceId: 0, threads: 1 } as const;

/** Limits of the fixtures' README. */
const limits = (model: string) =>
  model.endsWith('fp16') ? { decoded: 5e-2, levels: 6 } : { decoded: 1e-3, levels: 1 };

const part = (model: string, name: string, file: string) =>
  join(fixtures ?? '', 'models', model, name, file);

const configOf = (model: string) =>
  vaeConfigSchema.parse(
    JSON.parse(readFileSync(part(model, 'vae_decoder', 'config.json'), 'utf8')),
  );

/** Latents of the last step as the decoder takes them. */
function decoderInput(run: ReferenceCase): HostTensor {
  const latents = run.tensor(`step${run.calls - 1}.latents`);
  const scale = latentScale(configOf(run.model));
  const [, , height = 0, width = 0] = run.tensor('decoder_input').dims;
  const scaled = (tensor: HostTensor) => ({
    data: toDecoderScale(tensor, scale),
    dims: tensor.dims,
  });
  if (latents.dims.length === 4) return scaled(latents);
  const patched = fromTokens(latents, height / 2, width / 2);
  return run.model.startsWith('flux2') ? unpatchify(scaled(patched)) : scaled(unpatchify(patched));
}

describe.skipIf(fixtures === null)('the autoencoder', () => {
  it.each(cases)('$name: latents become the picture', async (run) => {
    const latents = decoderInput(run);
    const expected = run.tensor('decoder_input');
    expect(latents.dims).toEqual(expected.dims);
    expect(largestDifference(latents.data, expected.data)).toBeLessThan(1e-4);
    const graph = await loadGraph(part(run.model, 'vae_decoder', 'model.onnx'), cpu);
    const decoded = await decodeLatents(graph, latents);
    await graph.release();
    const limit = limits(run.model);
    expect(largestDifference(decoded.data, run.tensor('decoded').data)).toBeLessThan(limit.decoded);
    expect(decoded.dims[2]).toBe(expected.dims[2]! * pixelsPerLatent(configOf(run.model)));
    for (let index = 0; index < run.images; index += 1) {
      const name = index === 0 ? 'image.png' : `image${index}.png`;
      const png = await sharp(run.path(name)).removeAlpha().raw().toBuffer();
      const bytes = toBytes(decoded, index);
      expect(largestDifference(bytes, png)).toBeLessThanOrEqual(limit.levels);
      const other = bytes.filter((value, i) => value !== png[i]).length;
      if (limit.levels === 1) expect(other / png.length).toBeLessThan(0.01);
    }
  });

  it.each(cases.filter((run) => run.has('encoder_input')))(
    '$name: a source becomes latents',
    async (run) => {
      const graph = await loadGraph(part(run.model, 'vae_encoder', 'model.onnx'), cpu);
      const parameters = await latentParameters(graph, run.tensor('encoder_input'));
      await graph.release();
      const expected = run.tensor('encoder_latent_parameters');
      expect(largestDifference(parameters.data, expected.data)).toBeLessThan(2e-4);
      const scale = latentScale(configOf(run.model));
      const noise = run.noise[0] === 'vae posterior sample' ? run.tensor('noise0').data : null;
      const latent = latentOf(parameters, noise);
      if (noise !== null) return;
      // Editing: the source's tokens follow those of the picture in the network's input.
      const input = run.tensor('step0.call0.model_input');
      const patched = patchify(latent);
      const tokens = run.model.startsWith('flux2')
        ? toTokens({ data: toDenoiserScale(patched, scale), dims: patched.dims })
        : toTokens(patchify({ data: toDenoiserScale(latent, scale), dims: latent.dims }));
      const tail = input.data.subarray(input.data.length - tokens.data.length);
      expect(largestDifference(tokens.data, tail)).toBeLessThan(2e-4);
    },
  );
});

describe('packing', () => {
  it('goes there and back', () => {
    const dims = [2, 3, 4, 6];
    const latents = { data: Float32Array.from({ length: 144 }, (_, i) => i), dims };
    const tokens = toTokens(patchify(latents));
    expect(tokens.dims).toEqual([2, 6, 12]);
    // The first token: channel by channel, the square's rows.
    expect([...tokens.data.subarray(0, 8)]).toEqual([0, 1, 6, 7, 24, 25, 30, 31]);
    expect(unpatchify(fromTokens(tokens, 2, 3))).toEqual(latents);
  });

  it('refuses latents of odd sides and a wrong number of tokens', () => {
    expect(() => patchify({ data: new Float32Array(6), dims: [1, 1, 2, 3] })).toThrow('even sides');
    expect(() => fromTokens({ data: new Float32Array(6), dims: [1, 6, 1] }, 2, 2)).toThrow(
      '4 tokens',
    );
  });
});

describe('a latent of the distribution', () => {
  it('is the mean plus the deviation times the noise, the log variance clamped', () => {
    const parameters = { data: Float32Array.of(1, 2, Math.log(4), 100), dims: [1, 2, 1, 2] };
    expect([...latentOf(parameters, null).data]).toEqual([1, 2]);
    const [first, second] = latentOf(parameters, Float32Array.of(0.5, 1)).data;
    expect(first).toBeCloseTo(2, 6);
    expect(second).toBeCloseTo(2 + Math.exp(10), 1);
  });
});
