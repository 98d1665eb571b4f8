import { describe, expect, it } from 'vitest';
import { latentOf, latentScale, toBytes } from '../../../src/inference/diffusion/vae.ts';

describe('a latent of the distribution', () => {
  it('is the mean plus the deviation times the noise, the log variance clamped', () => {
    const parameters = { data: Float32Array.of(1, 2, Math.log(4), 100), dims: [1, 2, 1, 2] };
    expect([...latentOf(parameters, null).data]).toEqual([1, 2]);
    const [first, second] = latentOf(parameters, Float32Array.of(0.5, 1)).data;
    expect(first).toBeCloseTo(2, 6);
    expect(second).toBeCloseTo(2 + Math.exp(10), 1);
  });
});

describe('the scale of latents', () => {
  it('is one factor and shift, or a mean and a variance for each channel', () => {
    const sides = { latent_channels: 2, block_out_channels: [8] };
    const one = latentScale({ ...sides, scaling_factor: 0.5, shift_factor: 3 });
    expect(one).toEqual({ scale: [2, 2], offset: [3, 3] });
    const stored = { bn_running_mean: [1, 2], bn_running_var: [3, 8], batch_norm_eps: 1 };
    expect(latentScale({ ...sides, ...stored })).toEqual({ scale: [2, 3], offset: [1, 2] });
    expect(() => latentScale(sides)).toThrow('neither');
  });
});

describe('bytes of a decoded picture', () => {
  it('are rounded and clamped, channels side by side', () => {
    const decoded = { data: Float32Array.of(-1, 1, 0, 5, -9, 0.5), dims: [1, 3, 1, 2] };
    expect([...toBytes(decoded, 0)]).toEqual([0, 128, 0, 255, 255, 191]);
  });
});
