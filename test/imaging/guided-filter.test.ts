import { describe, expect, test } from 'vitest';
import { applyGuidedFilter, fitGuidedFilter } from '../../src/imaging/guided-filter.ts';

const plane = (length: number, seed: number) =>
  Float32Array.from({ length }, (_, i) => ((i * 31 + seed * 17) % 256) / 255);

describe('the guided filter', () => {
  const small = { widthPx: 16, heightPx: 12 };
  const large = { widthPx: 37, heightPx: 23 };
  const guide = plane(16 * 12, 3);
  const largeGuide = plane(37 * 23, 5);
  const options = { radius: 3, epsilon: 1e-4 };

  test.each([0, 0.3, 1])('keeps a matte of %d everywhere', (value) => {
    const model = fitGuidedFilter(guide, new Float32Array(16 * 12).fill(value), small, options);
    for (const alpha of applyGuidedFilter(model, largeGuide, large)) {
      expect(Math.abs(alpha - value)).toBeLessThan(1e-3);
    }
  });

  test('stays between 0 and 1 whatever the matte', () => {
    const matte = plane(16 * 12, 8).map((value) => (value > 0.5 ? 1 : 0));
    const model = fitGuidedFilter(guide, matte, small, options);
    const got = applyGuidedFilter(model, largeGuide, large);
    expect(Math.min(...got)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...got)).toBeLessThanOrEqual(1);
  });

  test('puts the edge of a matte that is two pixels off onto the edge of the picture', () => {
    const size = { widthPx: 32, heightPx: 16 };
    const stepAt = (edge: number) =>
      Float32Array.from({ length: 32 * 16 }, (_, i) => (i % 32 < edge ? 1 : 0));
    const model = fitGuidedFilter(stepAt(16), stepAt(18), size, { radius: 6, epsilon: 1e-4 });
    const row = applyGuidedFilter(model, stepAt(16), size).subarray(8 * 32, 9 * 32);
    expect(row[15]! - row[16]!).toBeGreaterThan(0.5);
    expect(Math.abs(row[17]! - row[18]!)).toBeLessThan(0.1);
  });
});
