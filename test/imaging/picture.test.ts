import { expect, test } from 'vitest';
import { alphaOf, lumaOf, type Picture, withoutAlpha } from '../../src/imaging/picture.ts';

const rgb: Picture = {
  data: Uint8Array.from([255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255]),
  widthPx: 2,
  heightPx: 2,
  channels: 3,
};
const rgba: Picture = {
  data: Uint8Array.from([1, 2, 3, 0, 4, 5, 6, 200]),
  widthPx: 2,
  heightPx: 1,
  channels: 4,
};

test('luma weighs green most and blue least, and is 1 for white', () => {
  for (const [i, expected] of [0.299, 0.587, 0.114, 1].entries()) {
    expect(lumaOf(rgb)[i]).toBeCloseTo(expected, 5);
  }
});

test('alpha is that of the picture, or 255 everywhere', () => {
  expect([...alphaOf(rgba)]).toEqual([0, 200]);
  expect([...alphaOf(rgb)]).toEqual([255, 255, 255, 255]);
});

test('without alpha the colours stay, also those that were not seen', () => {
  expect(withoutAlpha(rgba)).toMatchObject({ widthPx: 2, heightPx: 1, channels: 3 });
  expect([...withoutAlpha(rgba).data]).toEqual([1, 2, 3, 4, 5, 6]);
  expect(withoutAlpha(rgb)).toBe(rgb);
});
