/** Noise is measured apart from texture, and taken out apart from edges. */
import { describe, expect, it } from 'vitest';
import { denoise } from '../../src/imaging/denoise.ts';
import { noiseLevelOf } from '../../src/imaging/noise-level.ts';
import { lumaOf, type Picture } from '../../src/imaging/picture.ts';
import { distance, paint, withNoise } from '../support/pictures.ts';

const SIZE = { widthPx: 320, heightPx: 300 };
/** Luma mixes three channels of independent noise. */
const LUMA_SHARE = Math.hypot(0.299, 0.587, 0.114);
const smooth = paint(SIZE, (x, y) => [60 + x / 3, 180 - y / 3, 90 + (x + y) / 8]);
/** Half of it is a weave as strong as any noise. */
const textured = paint(SIZE, (x, y) => {
  const weave = x < 160 ? 40 * Math.sin(x * 1.3) * Math.sin(y * 1.1) : 0;
  return [120 + weave, 130 + weave, 110 + weave];
});
const levelOf = (picture: Picture) => noiseLevelOf(lumaOf(picture), picture);

describe('noiseLevelOf', () => {
  it.each([3, 8, 15])('tells a deviation of %i, smooth or textured', (sigma) => {
    for (const picture of [smooth, textured]) {
      const told = levelOf(withNoise(picture, sigma)) / LUMA_SHARE;
      expect(Math.abs(told / sigma - 1)).toBeLessThan(0.1);
    }
  });

  it('finds next to nothing in a clean picture', () => {
    expect(levelOf(smooth)).toBeLessThan(1);
    expect(levelOf(textured)).toBeLessThan(1);
  });

  it('says nothing of a picture that is clipped or too small', () => {
    expect(levelOf(paint(SIZE, () => [255, 255, 255]))).toBe(0);
    expect(levelOf(paint({ widthPx: 10, heightPx: 10 }, () => [90, 90, 90]))).toBe(0);
  });
});

describe('denoise', () => {
  it.each([5, 15])(
    'brings a smooth picture with a deviation of %i much nearer to itself',
    (sigma) => {
      const noisy = withNoise(smooth, sigma);
      const clean = denoise(noisy, levelOf(noisy));
      expect(distance(clean, smooth)).toBeLessThan(0.45 * distance(noisy, smooth));
    },
  );

  it('leaves texture that is stronger than the noise', () => {
    const noisy = withNoise(textured, 5);
    expect(distance(denoise(noisy, levelOf(noisy)), textured)).toBeLessThan(
      0.8 * distance(noisy, textured),
    );
  });

  it('has no seams between the bands it works in', () => {
    const noisy = withNoise(smooth, 10);
    const whole = denoise(noisy, 6);
    const rows = SIZE.widthPx * 3;
    const below: Picture = { ...noisy, heightPx: 200, data: noisy.data.subarray(100 * rows) };
    const part = denoise(below, 6).data.subarray(20 * rows);
    expect(Buffer.compare(part, whole.data.subarray(120 * rows))).toBe(0);
  });

  it('keeps alpha', () => {
    const picture = paint(SIZE, (x, y) => [x / 2, y / 2, 90, (x + y) % 256]);
    const { data, channels } = denoise(picture, 4);
    expect(channels).toBe(4);
    const alphaOf = (levels: Uint8Array) => levels.filter((_, i) => i % 4 === 3);
    expect(alphaOf(data)).toEqual(alphaOf(picture.data));
  });
});
