import { describe, expect, it } from 'vitest';
import { decodeTiled, tileStarts } from '../../../src/inference/diffusion/tiled-decoder.ts';
import type { FloatTensor, HostTensor } from '../../../src/inference/graph.ts';

const tiling = { wholeLatents: 64, tile: 12, overlap: 4 };

/** A decoder of factor 2 that gives the first three channels, each tile a little off in tone. */
const decoderOf = (tone: (call: number) => number) => {
  let call = 0;
  return async ({ data, dims }: HostTensor): Promise<FloatTensor> => {
    const [, , height = 0, width = 0] = dims;
    const out = new Float32Array(3 * height * 2 * width * 2);
    const off = tone(call);
    call += 1;
    for (let at = 0; at < out.length; at += 1) {
      const channel = Math.floor(at / (4 * height * width));
      const y = Math.floor(at / (2 * width)) % (2 * height);
      const x = at % (2 * width);
      out[at] = data[(channel * height + (y >> 1)) * width + (x >> 1)]! + off;
    }
    return { data: out, dims: [1, 3, 2 * height, 2 * width] };
  };
};

const latentsOf = (height: number, width: number) => ({
  data: Float32Array.from({ length: 3 * height * width }, (_, i) => Math.sin(i)),
  dims: [1, 3, height, width],
});

describe('tiles', () => {
  it('cover a side, the last one ending where the side does', () => {
    expect(tileStarts(10, tiling)).toEqual([0]);
    expect(tileStarts(12, tiling)).toEqual([0]);
    expect(tileStarts(21, tiling)).toEqual([0, 8, 9]);
    expect(tileStarts(28, tiling)).toEqual([0, 8, 16]);
  });
});

describe('decoding in tiles', () => {
  it.each([
    [21, 12],
    [12, 30],
    [29, 17],
    [5, 40],
  ])('gives what decoding whole gives where tiles agree: %i x %i', async (height, width) => {
    const latents = latentsOf(height, width);
    const whole = await decoderOf(() => 0)(latents);
    const tiled = await decodeTiled(
      latents,
      2,
      tiling,
      decoderOf(() => 0),
    );
    expect(tiled.dims).toEqual(whole.dims);
    for (const [at, value] of tiled.data.entries()) expect(value).toBeCloseTo(whole.data[at]!, 5);
  });

  it('hides a difference in tone in the overlap', async () => {
    const latents = { data: new Float32Array(3 * 12 * 20), dims: [1, 3, 12, 20] };
    const { data } = await decodeTiled(
      latents,
      2,
      tiling,
      decoderOf((call) => call * 0.4),
    );
    const row = data.subarray(0, 40);
    expect(row[0]).toBe(0);
    expect(row[39]).toBeCloseTo(0.4, 6);
    const steps = [...row.keys()].slice(1).map((x) => row[x]! - row[x - 1]!);
    expect(Math.max(...steps)).toBeLessThanOrEqual(0.4 / 4 + 1e-6);
    expect(Math.min(...steps)).toBeGreaterThanOrEqual(0);
  });

  it('decodes small latents whole', async () => {
    const told: number[] = [];
    const tone = (call: number) => call;
    const { data } = await decodeTiled(latentsOf(8, 8), 2, tiling, decoderOf(tone), (done) => {
      told.push(done);
    });
    expect(data[0]).toBeCloseTo(0, 6);
    expect(told).toEqual([0]);
  });
});
