import { describe, expect, test } from 'vitest';
import { decontaminate } from '../../src/imaging/foreground.ts';
import type { Picture } from '../../src/imaging/picture.ts';

const rgbRow = (...pixels: readonly (readonly [number, number, number])[]): Picture => ({
  data: Uint8Array.from(pixels.flat()),
  widthPx: pixels.length,
  heightPx: 1,
  channels: 3,
});

describe('the foreground colour of soft pixels', () => {
  const RED = [200, 20, 20] as const;
  const GREEN = [20, 160, 20] as const;
  const half = RED.map((level, i) => Math.round((level + GREEN[i]!) / 2)) as [
    number,
    number,
    number,
  ];
  const width = 64;
  const pixels = Array.from({ length: width }, (_, x) => (x < 31 ? RED : x < 33 ? half : GREEN));
  const matte = Float32Array.from(pixels, (pixel) =>
    pixel === RED ? 1 : pixel === half ? 0.5 : 0,
  );

  test('loses the background, and sure foreground stays as it is', () => {
    const picture = rgbRow(...pixels);
    decontaminate(picture, rgbRow(...pixels), matte);
    const pixel = (x: number) => [...picture.data.subarray(x * 3, x * 3 + 3)];
    for (const x of [0, 15, 30]) expect(pixel(x)).toEqual([...RED]);
    for (const x of [31, 32]) {
      for (const [channel, level] of RED.entries()) {
        expect(Math.abs(pixel(x)[channel]! - level)).toBeLessThanOrEqual(30);
      }
    }
  });
});
