import { describe, expect, it } from 'vitest';
import { fromHalves, halfBits, halfValue, toHalves } from '../../src/inference/half-float.ts';

describe('half precision', () => {
  it('brings every half back to its own bits', () => {
    for (let bits = 0; bits < 0x10000; bits += 1) {
      const value = halfValue(bits);
      if (!Number.isNaN(value)) expect(halfBits(value), String(value)).toBe(bits);
    }
  });

  it.each([
    [1, 0x3c00],
    [-2, 0xc000],
    [65504, 0x7bff],
    [65519, 0x7bff],
    [65520, 0x7c00],
    [1e10, 0x7c00],
    [2 ** -24, 1],
    [2 ** -25, 0],
    [1.5 * 2 ** -25, 1],
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
    [Number.NEGATIVE_INFINITY, 0xfc00],
  ])('rounds %d to nearest, ties to even', (value, bits) => {
    expect(halfBits(value)).toBe(bits);
  });

  it('keeps what is no number, and converts arrays', () => {
    expect(halfValue(halfBits(Number.NaN))).toBeNaN();
    const halves = new Uint16Array(3);
    toHalves([0.5, -1, 0.1], halves);
    expect([...fromHalves(halves)]).toEqual([0.5, -1, 0.0999755859375]);
  });
});
