import { expect, test } from 'vitest';
import type { Picture } from '../../src/imaging/picture.ts';
import { cropToRatio, resizePicture } from '../../src/imaging/reframe.ts';

/** Red tells the column, green the row. */
function chart(widthPx: number, heightPx: number, channels: 3 | 4 = 3): Picture {
  const data = new Uint8Array(widthPx * heightPx * channels);
  for (let i = 0; i < widthPx * heightPx; i += 1) {
    data.set([i % widthPx, Math.floor(i / widthPx)], i * channels);
  }
  return { data, widthPx, heightPx, channels };
}

test('the centre is cut out in the ratio that is asked for, whatever the size', () => {
  const wide = cropToRatio(chart(8, 8), { widthPx: 1600, heightPx: 800 });
  expect(wide).toMatchObject({ widthPx: 8, heightPx: 4, channels: 3 });
  expect([...wide.data.subarray(0, 3)]).toEqual([0, 2, 0]);
  const tall = cropToRatio(chart(9, 8, 4), { widthPx: 1, heightPx: 2 });
  expect(tall).toMatchObject({ widthPx: 4, heightPx: 8, channels: 4 });
  expect([...tall.data.subarray(0, 2)]).toEqual([2, 0]);
});

test('a picture of the ratio is left as it is', () => {
  const picture = chart(8, 6);
  expect(cropToRatio(picture, { widthPx: 1024, heightPx: 768 })).toBe(picture);
  expect(resizePicture(picture, { widthPx: 8, heightPx: 6 })).toBe(picture);
});

test('resizing keeps a colour, its place and the range, and drops alpha', () => {
  const data = Uint8Array.from({ length: 6 * 6 * 4 }, (_, i) => [250, 0, 128, 7][i % 4]!);
  const made = resizePicture(
    { data, widthPx: 6, heightPx: 6, channels: 4 },
    { widthPx: 15, heightPx: 10 },
  );
  expect(made).toMatchObject({ widthPx: 15, heightPx: 10, channels: 3 });
  expect([...made.data]).toEqual(Array.from({ length: 150 }, () => [250, 0, 128]).flat());
  const edge = Uint8Array.from({ length: 8 * 3 }, (_, i) => (i < 12 ? 0 : 255));
  const sharp = resizePicture(
    { data: edge, widthPx: 8, heightPx: 1, channels: 3 },
    { widthPx: 32, heightPx: 1 },
  );
  expect([sharp.data[0], sharp.data[95]]).toEqual([0, 255]); // overshoot is clamped, not wrapped
  expect(Math.max(...sharp.data.subarray(0, 36))).toBeLessThan(40);
});
