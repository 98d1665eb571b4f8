/** Detail of a drawn grain, of the same grain blurred, and of parts of a picture. */
import { expect, it } from 'vitest';
import { boxBlur } from '../../src/imaging/box-blur.ts';
import { sharpnessOf } from '../../src/imaging/sharpness.ts';

const SIZE = { widthPx: 256, heightPx: 160 };
const COUNT = SIZE.widthPx * SIZE.heightPx;
const xOf = (i: number) => i % SIZE.widthPx;
const fill = (toneOf: (i: number) => number) =>
  Float32Array.from({ length: COUNT }, (_, i) => toneOf(i));
/** A grain that is the same at every start. */
const grain = (i: number) => (Math.imul(i + 1, 2654435761) >>> 24) / 255;
const isLeft = (i: number) => xOf(i) < 128;

it('is 0 on one tone and on a ramp, which has no detail', () => {
  expect(
    sharpnessOf(
      fill(() => 0.4),
      SIZE,
    ),
  ).toBeCloseTo(0, 4);
  expect(
    sharpnessOf(
      fill((i) => xOf(i) / 256),
      SIZE,
    ),
  ).toBeCloseTo(0, 4);
});

it('is that of the formula: columns of 0 and 1 by turns answer with 2 and -2', () => {
  expect(
    sharpnessOf(
      fill((i) => xOf(i) % 2),
      SIZE,
    ),
  ).toBeCloseTo(2 * 255, 2);
});

it('falls with every blur', () => {
  const sharp = fill(grain);
  const [once, twice] = [boxBlur(sharp, SIZE, 1), boxBlur(sharp, SIZE, 3)];
  const values = [sharp, once, twice].map((luma) => sharpnessOf(luma, SIZE) ?? 0);
  expect(values[1]).toBeLessThan((values[0] ?? 0) / 3);
  expect(values[2]).toBeLessThan((values[1] ?? 0) / 3);
});

it('looks at what is in focus, not at the blurred ground behind it', () => {
  const half = fill((i) => (isLeft(i) ? grain(i) : 0.5));
  expect(sharpnessOf(half, SIZE)).toBeGreaterThan(100);
});

it('looks at the subject where there is one', () => {
  const half = fill((i) => (isLeft(i) ? grain(i) : 0.5));
  const left = fill((i) => (isLeft(i) ? 1 : 0));
  const right = fill((i) => (isLeft(i) ? 0 : 1));
  expect(sharpnessOf(half, SIZE, left)).toBeGreaterThan(100);
  expect(sharpnessOf(half, SIZE, right)).toBeLessThan(1);
  expect(
    sharpnessOf(
      half,
      SIZE,
      fill(() => 0),
    ),
  ).toBe(sharpnessOf(half, SIZE));
});

it('cannot tell in a picture smaller than one block', () => {
  expect(sharpnessOf(new Float32Array(32 * 32), { widthPx: 32, heightPx: 32 })).toBeUndefined();
});
