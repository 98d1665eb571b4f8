import { describe, expect, it } from 'vitest';
import { philox, SeededNoise } from '../../../src/inference/diffusion/noise.ts';

const draw = (seed: number, length: number, index = 0, pictures = 1) => {
  const noise = new Float32Array(length);
  new SeededNoise(seed).fill(noise, index, pictures);
  return noise;
};

describe('seeded noise', () => {
  // Known answers of Random123, the authors' own library.
  it.each([
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ])('is Philox4x32-10: %j', (counter, [low = 0, high = 0], expected) => {
    const words = Uint32Array.from(counter);
    philox(words, low, high);
    expect([...words]).toEqual(expected);
  });

  it('is standard normal', () => {
    const noise = draw(42, 200_000);
    const mean = noise.reduce((sum, value) => sum + value, 0) / noise.length;
    const variance = noise.reduce((sum, value) => sum + value * value, 0) / noise.length;
    const fourth = noise.reduce((sum, value) => sum + value ** 4, 0) / noise.length;
    expect(Math.abs(mean)).toBeLessThan(0.01);
    expect(variance).toBeCloseTo(1, 1);
    expect(Math.abs(fourth - 3)).toBeLessThan(0.1);
    expect(noise.every(Number.isFinite)).toBe(true);
  });

  it('is the same for the same seed, other for another seed, draw or picture', () => {
    expect(draw(7, 33)).toEqual(draw(7, 33));
    expect(draw(7, 32)).toEqual(draw(7, 33).subarray(0, 32));
    expect(draw(8, 33)).not.toEqual(draw(7, 33));
    expect(draw(7 + 2 ** 32, 33)).not.toEqual(draw(7, 33));
    expect(draw(7, 33, 1)).not.toEqual(draw(7, 33));
  });

  it('gives a picture the same noise alone and in a batch', () => {
    const batch = draw(7, 60, 0, 3);
    expect(batch.subarray(0, 20)).toEqual(draw(7, 20));
    expect(batch.subarray(20, 40)).not.toEqual(draw(7, 20));
  });

  it('refuses a seed that is no whole number', () => {
    for (const seed of [-1, 0.5, 2 ** 53, Number.NaN])
      expect(() => new SeededNoise(seed)).toThrow(RangeError);
  });
});
