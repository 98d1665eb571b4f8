/** Figures of evaluations on cases whose answer is known. */
import { describe, expect, it } from 'vitest';
import { FAULTS } from '../../scripts/evaluate/faults.ts';
import {
  boundaryF,
  gradientError,
  intersectionOverUnion,
  psnr,
  ssim,
  studioLuma,
} from '../../scripts/evaluate/metrics.ts';
import { distance, paint } from '../support/pictures.ts';

const SIZE = { widthPx: 48, heightPx: 40 };
const plane = (levelOf: (x: number, y: number) => number) =>
  Float64Array.from({ length: 48 * 40 }, (_, i) => levelOf(i % 48, Math.floor(i / 48)));
const disc = (radius: number, x0 = 24, y0 = 20) =>
  Float32Array.from(plane((x, y) => (Math.hypot(x - x0, y - y0) <= radius ? 1 : 0)));

describe('planes of levels', () => {
  const ramp = plane((x, y) => 2 * x + 3 * y);

  it('studio luma runs from 16 to 235', () => {
    expect(studioLuma(paint(SIZE, () => [0, 0, 0]))[0]).toBeCloseTo(16, 6);
    expect(studioLuma(paint(SIZE, () => [255, 255, 255]))[0]).toBeCloseTo(235, 2);
  });

  it('PSNR of an error of five levels everywhere is 34.15 dB; a border does not count', () => {
    expect(
      psnr(
        ramp,
        ramp.map((v) => v + 5),
        SIZE,
        0,
      ),
    ).toBeCloseTo(34.151, 3);
    const framed = ramp.map((v, i) => (i % 48 < 2 ? v + 90 : v + 5));
    expect(psnr(ramp, framed, SIZE, 2)).toBeCloseTo(34.151, 3);
  });

  it('SSIM is 1 of the same, and what the formula gives of a shift of a constant', () => {
    expect(ssim(ramp, ramp, SIZE, 0)).toBeCloseTo(1, 9);
    const c1 = (0.01 * 255) ** 2;
    const expected = (2 * 100 * 120 + c1) / (100 ** 2 + 120 ** 2 + c1);
    expect(
      ssim(
        plane(() => 100),
        plane(() => 120),
        SIZE,
        4,
      ),
    ).toBeCloseTo(expected, 6);
    const wrong = ramp.map((v, i) => v + (i % 2 === 0 ? 30 : -30));
    expect(ssim(ramp, wrong, SIZE, 0)).toBeLessThan(0.5);
  });
});

describe('mattes', () => {
  it('IoU of a half that is found is a half, of nothing and nothing 1', () => {
    const whole = Float32Array.from(plane(() => 1));
    const half = Float32Array.from(plane((x) => (x < 24 ? 1 : 0)));
    expect(intersectionOverUnion(half, whole)).toBe(0.5);
    expect(intersectionOverUnion(disc(0, 99, 99), disc(0, 99, 99))).toBe(1);
  });

  it('boundary F forgives what is in reach, and nothing else', () => {
    expect(boundaryF(disc(12), disc(12), SIZE, 1)).toBe(1);
    expect(boundaryF(disc(13), disc(12), SIZE, 2)).toBe(1);
    expect(boundaryF(disc(16), disc(9), SIZE, 2)).toBe(0);
    const shifted = boundaryF(disc(12, 28), disc(12), SIZE, 1);
    expect(shifted).toBeGreaterThan(0.05);
    expect(shifted).toBeLessThan(0.6);
  });

  it('gradient error is 0 of the same, and grows as an edge gets softer', () => {
    const soft = (width: number) =>
      Float32Array.from(plane((x) => Math.min(1, Math.max(0, (x - 24) / width + 0.5))));
    expect(gradientError(soft(1), soft(1), SIZE)).toBe(0);
    expect(gradientError(soft(9), soft(1), SIZE)).toBeGreaterThan(
      gradientError(soft(4), soft(1), SIZE),
    );
  });
});

describe('faults', () => {
  it('each makes a picture visibly worse, the same way every time', () => {
    const dish = paint(SIZE, (x, y) => [60 + 3 * x, 200 - 2 * y, 90 + x]);
    for (const [name, fault] of Object.entries(FAULTS)) {
      const spoiled = fault(dish);
      expect(distance(spoiled, dish), name).toBeGreaterThan(6);
      expect(distance(fault(dish), spoiled), name).toBe(0);
    }
  });
});
