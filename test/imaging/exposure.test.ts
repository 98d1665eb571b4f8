/** Mean, light and clipping of drawn tones. */
import { expect, it } from 'vitest';
import { exposureOf } from '../../src/imaging/exposure.ts';

const tones = (...levels: readonly number[]) => Float32Array.from(levels, (level) => level / 255);

it('gives mean, the tone that a tenth exceeds, and what is clipped', () => {
  const luma = tones(0, 5, 6, 100, 100, 100, 100, 180, 249, 250);
  const { meanLuma, lightLuma, blackShare, whiteShare } = exposureOf(luma) ?? expect.fail();
  expect(meanLuma * 255).toBeCloseTo(109, 4);
  expect(lightLuma * 255).toBeCloseTo(249, 4);
  expect([blackShare, whiteShare]).toEqual([0.2, 0.1]);
});

it('counts only what has weight', () => {
  const luma = tones(255, 255, 51, 51);
  const dark = exposureOf(luma, Float32Array.of(0, 0, 1, 0.5)) ?? expect.fail();
  expect(dark.meanLuma).toBeCloseTo(0.2, 5);
  expect(dark.lightLuma).toBeCloseTo(0.2, 5);
  expect(dark.whiteShare).toBe(0);
  const mixed = exposureOf(luma, Float32Array.of(1, 0, 3, 0)) ?? expect.fail();
  expect(mixed.whiteShare).toBe(0.25);
});

it('has nothing to say where no pixel counts', () => {
  expect(exposureOf(tones(10, 20), new Float32Array(2))).toBeUndefined();
});

it('a dark dish with a little light differs from a dish without light', () => {
  const dish = tones(...Array.from({ length: 100 }, (_, i) => (i < 15 ? 200 : 30)));
  const gloom = tones(...Array.from({ length: 100 }, (_, i) => (i < 15 ? 90 : 50)));
  expect(exposureOf(dish)?.lightLuma).toBeCloseTo(200 / 255, 5);
  expect(exposureOf(gloom)?.lightLuma).toBeCloseTo(90 / 255, 5);
  expect(exposureOf(dish)?.meanLuma).toBeCloseTo(exposureOf(gloom)?.meanLuma ?? 0, 1);
});
