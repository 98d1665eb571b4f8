import { describe, expect, it } from 'vitest';
import { graphConventionsSchema } from '../../../src/inference/diffusion/graph-conventions.ts';
import { PictureDecoder } from '../../../src/inference/diffusion/picture-decoder.ts';
import { DEFAULT_TILING } from '../../../src/inference/diffusion/tiled-decoder.ts';
import type { Graph } from '../../../src/inference/graph.ts';

/** Graphs that answer every latent with one value, by their component's name. */
function decoderOf(values: Readonly<Record<string, number>>, type = 'float16') {
  const asked: string[] = [];
  const graphOf = (name: string): Graph => ({
    inputs: new Map([['latent_sample', { name: 'latent_sample', type, dims: [] }]]),
    outputs: new Map(),
    bind: () => {
      throw new Error('Nothing is bound here.');
    },
    run: async () => {
      asked.push(name);
      const data = new Float32Array(3 * 4).fill(values[name] ?? 0);
      return { sample: { data, dims: [1, 3, 2, 2] } };
    },
    release: async () => undefined,
  });
  const parts = {
    vae: { latent_channels: 1, block_out_channels: [1, 1], scaling_factor: 1 },
    conventions: graphConventionsSchema.parse({}),
    has: (name: string) => Object.hasOwn(values, name),
    graph: async (name: string) => graphOf(name),
  };
  return { asked, decoder: new PictureDecoder(parts, DEFAULT_TILING) };
}

const latents = { data: new Float32Array(2), dims: [2, 1, 1, 1] };
const decode = (decoder: PictureDecoder) => decoder.decode(latents, () => undefined);

describe('a decoder in half precision', () => {
  it.each([
    ['NaN', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['black', -1],
  ])('that overflows to %s is tried again in full precision', async (_, value) => {
    const { asked, decoder } = decoderOf({ vae_decoder: value, vae_decoder_fp32: 0.5 });
    const { data, dims } = await decode(decoder);
    expect(dims).toEqual([2, 3, 2, 2]);
    expect([...new Set(data)]).toEqual([0.5]);
    expect(asked).toEqual(['vae_decoder', 'vae_decoder_fp32', 'vae_decoder', 'vae_decoder_fp32']);
  });

  it('that does not overflow is tried once', async () => {
    const { asked, decoder } = decoderOf({ vae_decoder: 0.25, vae_decoder_fp32: 0.5 });
    expect([...new Set((await decode(decoder)).data)]).toEqual([0.25]);
    expect(asked).toEqual(['vae_decoder', 'vae_decoder']);
  });

  it('gives an error where there is no other, or the other overflows too', async () => {
    const alone = decoderOf({ vae_decoder: Number.NaN });
    await expect(decode(alone.decoder)).rejects.toThrow('has no vae_decoder_fp32');
    const both = decoderOf({ vae_decoder: Number.NaN, vae_decoder_fp32: Number.NaN });
    await expect(decode(both.decoder)).rejects.toThrow('NaN or infinity');
  });

  it('may give black in the second try', async () => {
    const { decoder } = decoderOf({ vae_decoder: -1, vae_decoder_fp32: -1 });
    expect([...new Set((await decode(decoder)).data)]).toEqual([-1]);
  });
});

describe('a decoder in single precision', () => {
  it('may give black, but no NaN', async () => {
    const black = decoderOf({ vae_decoder: -1 }, 'float32');
    expect([...new Set((await decode(black.decoder)).data)]).toEqual([-1]);
    const wrong = decoderOf({ vae_decoder: Number.NaN, vae_decoder_fp32: 0 }, 'float32');
    await expect(decode(wrong.decoder)).rejects.toThrow('NaN or infinity');
  });
});
