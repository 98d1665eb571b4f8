import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Filter } from '../../src/imaging/resampling-taps.ts';
import { resizePlane } from '../../src/imaging/resize.ts';

/** Written by scripts/golden/make_resize_golden.py. */
interface Golden {
  readonly filter: Filter;
  readonly from: readonly [number, number];
  readonly to: readonly [number, number];
  readonly source: readonly number[];
  readonly expected: readonly number[];
}

const golden = JSON.parse(
  readFileSync(new URL('../golden/resize.json', import.meta.url), 'utf8'),
) as readonly Golden[];

const size = ([widthPx, heightPx]: readonly [number, number]) => ({ widthPx, heightPx });
const furthest = (got: Float32Array, expected: readonly number[]) =>
  Math.max(...expected.map((value, i) => Math.abs(value - got[i]!)));

test.each(golden)('$filter $from to $to gives what PIL gives', ({ filter, ...golden }) => {
  const got = resizePlane(golden.source, size(golden.from), size(golden.to), filter);
  expect(got).toHaveLength(golden.expected.length);
  expect(furthest(got, golden.expected)).toBeLessThan(1e-3);
});

const FILTERS = ['bilinear', 'bicubic', 'lanczos'] as const;
const side = fc.integer({ min: 1, max: 40 });

describe.each(FILTERS)('%s', (filter) => {
  test('keeps a constant plane constant at every size', () => {
    fc.assert(
      fc.property(side, side, side, side, fc.float({ min: 0, max: 1, noNaN: true }), (...args) => {
        const [width, height, toWidth, toHeight, value] = args;
        const source = new Float32Array(width * height).fill(value);
        const got = resizePlane(source, size([width, height]), size([toWidth, toHeight]), filter);
        expect(got).toHaveLength(toWidth * toHeight);
        for (const pixel of got) expect(Math.abs(pixel - value)).toBeLessThan(1e-5);
      }),
      { seed: 1, numRuns: 60 },
    );
  });

  test('lies on the pixel centres: a mirrored plane gives the mirrored result', () => {
    const source = Float32Array.from({ length: 24 }, (_, i) => (i * 37) % 101);
    const mirrored = Float32Array.from(source).reverse();
    for (const to of [size([5, 9]), size([17, 3])]) {
      const got = resizePlane(source, size([6, 4]), to, filter);
      const back = resizePlane(mirrored, size([6, 4]), to, filter).reverse();
      expect(furthest(got, [...back])).toBeLessThan(1e-3);
    }
  });
});
