import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  referenceSizeOf,
  runSizeOf,
  scalesTo,
} from '../../../src/inference/operations/run-size.ts';

const size = (widthPx: number, heightPx: number) => ({ widthPx, heightPx });

test.each([
  ['a square of the network', size(1024, 1024), 512, 8, size(512, 512)],
  ['a ratio that the steps meet', size(1024, 576), 1024, 16, size(1024, 576)],
  ['a ratio between steps, rounded up', size(1024, 576), 512, 64, size(512, 320)],
  ['upright', size(576, 1024), 512, 64, size(320, 512)],
  ['never larger than what is asked for', size(1024, 768), 2048, 16, size(1024, 768)],
  ['a native size between steps', size(1024, 1024), 100, 16, size(96, 96)],
])('runs at %s', (_name, target, native, step, expected) => {
  expect(runSizeOf(target, native, step)).toEqual(expected);
});

test('a reference keeps its ratio, is reduced to the network and never enlarged', () => {
  expect(referenceSizeOf(size(4000, 3000), 1024, 16)).toEqual(size(1024, 768));
  expect(referenceSizeOf(size(120, 90), 1024, 16)).toEqual(size(112, 80));
  expect(referenceSizeOf(size(2000, 100), 64, 16)).toEqual(size(64, 16));
});

test('sides are always in steps, at least one, and hold the ratio', () => {
  const side = fc.integer({ min: 1, max: 4000 });
  const step = fc.constantFrom(8, 16, 64);
  fc.assert(
    fc.property(side, side, fc.integer({ min: 64, max: 2048 }), step, (w, h, native, by) => {
      const run = runSizeOf(size(w, h), native, by);
      for (const length of [run.widthPx, run.heightPx]) {
        expect(length % by).toBe(0);
        expect(length).toBeGreaterThanOrEqual(by);
      }
      expect(Math.max(run.widthPx, run.heightPx)).toBeLessThanOrEqual(Math.max(native, by));
    }),
  );
});

test.each([
  [512, 1024, [2, 4], [2]],
  [512, 2048, [2, 4], [4]],
  [768, 1024, [2, 4], [2]],
  [768, 2048, [2, 4], [4]],
  [64, 2048, [4, 2], [4, 4, 2]],
  [512, 2048, [2], [2, 2]],
  [1024, 1024, [2, 4], []],
  [2048, 1024, [2, 4], []],
  [512, 1024, [], []],
])('from %i to %i with %j goes by %j', (from, to, scales, expected) => {
  expect(scalesTo(size(from, from), size(to, to), scales)).toEqual(expected);
});
