import { describe, expect, test } from 'vitest';
import { alphaOf, type Picture } from '../../src/imaging/picture.ts';
import { bleedColours, flattenOn, withMatte } from '../../src/imaging/transparency.ts';

type Rgba = readonly [number, number, number, number];

const row = (...pixels: readonly Rgba[]): Picture => ({
  data: Uint8Array.from(pixels.flat()),
  widthPx: pixels.length,
  heightPx: 1,
  channels: 4,
});
const rgbRow = (...pixels: readonly (readonly [number, number, number])[]): Picture => ({
  data: Uint8Array.from(pixels.flat()),
  widthPx: pixels.length,
  heightPx: 1,
  channels: 3,
});

describe('colours under transparent pixels', () => {
  test('become those of the neighbours; what is seen stays, and so does the source', () => {
    const picture = row([200, 100, 50, 255], [0, 0, 0, 0], [0, 0, 0, 0], [200, 100, 50, 128]);
    const before = Uint8Array.from(picture.data);
    const bled = bleedColours(picture);
    expect([...bled.data]).toEqual([
      ...[200, 100, 50, 255],
      ...[200, 100, 50, 0],
      ...[200, 100, 50, 0],
      ...[200, 100, 50, 128],
    ]);
    expect(picture.data).toEqual(before);
  });

  test('stay where nothing is seen at all', () => {
    const picture = row([9, 8, 7, 0], [6, 5, 4, 0]);
    expect(bleedColours(picture).data).toEqual(picture.data);
  });
});

describe('a matte', () => {
  test('becomes the alpha of a picture without one', () => {
    const cutout = withMatte(rgbRow([1, 2, 3], [4, 5, 6]), Float32Array.from([1, 0.5]));
    expect([...cutout.data]).toEqual([1, 2, 3, 255, 4, 5, 6, 128]);
  });

  test('is multiplied with the alpha that a picture has', () => {
    const cutout = withMatte(row([1, 2, 3, 128], [4, 5, 6, 255]), Float32Array.from([1, 0.2]));
    expect([...alphaOf(cutout)]).toEqual([128, 51]);
  });

  test('leaves nothing of the colours that it makes fully transparent', () => {
    const cutout = withMatte(rgbRow([10, 20, 30], [10, 20, 30]), Float32Array.from([0, 0.001]));
    expect([...cutout.data]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });
});

test('on a colour, transparent pixels show it, opaque ones do not, soft ones a mixture', () => {
  const picture = row([100, 0, 200, 255], [100, 0, 200, 0], [100, 0, 200, 51]);
  const flat = flattenOn(picture, [200, 100, 0]);
  expect(flat.channels).toBe(3);
  expect([...flat.data]).toEqual([100, 0, 200, 200, 100, 0, 180, 80, 40]);
});
