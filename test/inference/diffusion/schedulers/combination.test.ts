import { describe, expect, it } from 'vitest';
import { combine } from '../../../../src/inference/diffusion/schedulers/combination.ts';

const LENGTH = 7;
const FACTORS = [0.5, -2, 3, 0.25, -1.5, 7, 1];
const arrays = FACTORS.map((_, k) =>
  Float32Array.from({ length: LENGTH }, (_, j) => Math.sin(k * 11 + j)),
);

describe('sums of scaled samples', () => {
  it.each([0, 1, 2, 3, 4, 5, 6, 7])('of %s arrays', (count) => {
    const used = arrays.slice(0, count);
    const out = combine(new Float32Array(LENGTH).fill(9), FACTORS.slice(0, count), used);
    for (let j = 0; j < LENGTH; j += 1) {
      const sum = used.reduce((total, array, k) => total + FACTORS[k]! * array[j]!, 0);
      expect(out[j]).toBe(Math.fround(sum));
    }
  });

  it('may write into one of the arrays', () => {
    const [first, second] = [arrays[0]!.slice(), arrays[1]!];
    combine(first, [2, 1], [first, second]);
    expect(first[3]).toBe(Math.fround(2 * arrays[0]![3]! + second[3]!));
  });

  it('copies a single array that is not scaled', () => {
    const values = Float32Array.of(Number.NaN, -0, 5);
    expect(combine(new Float32Array(3), [1], [values])).toEqual(values);
  });

  it('leaves an array with the factor 0 out, whatever is in it', () => {
    const nothing = new Float32Array(LENGTH).fill(Number.NaN);
    const out = combine(new Float32Array(LENGTH), [0, 1.5, 0], [nothing, arrays[2]!, nothing]);
    expect([...out]).toEqual([...arrays[2]!].map((value) => Math.fround(1.5 * value)));
  });
});
