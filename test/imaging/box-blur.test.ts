import fc from 'fast-check';
import { expect, test } from 'vitest';
import { boxBlur } from '../../src/imaging/box-blur.ts';

/** The definition, pixel by pixel. */
function naiveMean(source: Float32Array, widthPx: number, heightPx: number, radius: number) {
  return Float32Array.from(source, (_, i) => {
    const [x, y] = [i % widthPx, Math.floor(i / widthPx)];
    let sum = 0;
    let count = 0;
    for (let v = Math.max(0, y - radius); v <= Math.min(heightPx - 1, y + radius); v += 1) {
      for (let u = Math.max(0, x - radius); u <= Math.min(widthPx - 1, x + radius); u += 1) {
        sum += source[v * widthPx + u]!;
        count += 1;
      }
    }
    return sum / count;
  });
}

const plane = (length: number, seed: number) =>
  Float32Array.from({ length }, (_, i) => ((i * 31 + seed * 17) % 256) / 255);

test('the box blur is the mean over the window, whatever the size and radius', () => {
  const side = fc.integer({ min: 1, max: 20 });
  fc.assert(
    fc.property(side, side, fc.integer({ min: 0, max: 25 }), fc.nat(99), (w, h, radius, seed) => {
      const source = plane(w * h, seed);
      const expected = naiveMean(source, w, h, radius);
      const got = boxBlur(source, { widthPx: w, heightPx: h }, radius);
      for (const [i, value] of got.entries()) {
        expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-5);
      }
    }),
    { seed: 1, numRuns: 60 },
  );
});
