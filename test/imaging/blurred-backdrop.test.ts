/** A backdrop has the light of the background and nothing of the subject. */
import { expect, it } from 'vitest';
import { blurredBackdrop } from '../../src/imaging/blurred-backdrop.ts';
import { frameCutout } from '../../src/imaging/cutout-frame.ts';
import type { Picture } from '../../src/imaging/picture.ts';

const SIZE = { widthPx: 120, heightPx: 90 };
const INSIDE = (x: number, y: number) => Math.hypot(x - 60, y - 45) < 25;

function picture(colourAt: (x: number, y: number) => readonly number[]): Picture {
  const data = new Uint8Array(SIZE.widthPx * SIZE.heightPx * 3);
  for (let y = 0; y < SIZE.heightPx; y += 1)
    for (let x = 0; x < SIZE.widthPx; x += 1) data.set(colourAt(x, y), (y * SIZE.widthPx + x) * 3);
  return { data, ...SIZE, channels: 3 };
}

const matte = Float32Array.from({ length: SIZE.widthPx * SIZE.heightPx }, (_, i) =>
  INSIDE(i % SIZE.widthPx, Math.floor(i / SIZE.widthPx)) ? 1 : 0,
);
const whole = frameCutout(SIZE, undefined, { crop: false, margin: 0, align: 'center' });

it('is the background alone, also where the subject was', () => {
  const red = picture((x, y) => (INSIDE(x, y) ? [255, 0, 0] : [20, 60, 180]));
  const { data } = blurredBackdrop(SIZE, red, matte, whole);
  for (let i = 0; i < data.length; i += 3) {
    const [r = 0, g = 0, b = 0] = data.subarray(i, i + 3);
    expect(Math.max(Math.abs(r - 20), Math.abs(g - 60), Math.abs(b - 180))).toBeLessThanOrEqual(1);
  }
});

it('is out of focus', () => {
  const stripes = picture((x) => (x % 4 < 2 ? [0, 0, 0] : [200, 200, 200]));
  const { data } = blurredBackdrop(SIZE, stripes, matte, whole);
  for (const [i, value] of data.entries()) {
    const [x, y] = [Math.floor(i / 3) % SIZE.widthPx, Math.floor(i / 3 / SIZE.widthPx)];
    const isPlain = Math.hypot(x - 60, y - 45) > 38 && x > 9 && x < 110;
    if (isPlain) expect(Math.abs(value - 100)).toBeLessThan(25);
  }
});

it('goes on beyond the picture, in the size of the frame', () => {
  const blue = picture(() => [20, 60, 180]);
  const subject = { left: 35, top: 20, widthPx: 50, heightPx: 50 };
  const frame = frameCutout(SIZE, subject, {
    ...{ crop: true, margin: 0.5, align: 'top', widthPx: 64, heightPx: 160 },
  });
  const { data, widthPx, heightPx } = blurredBackdrop(SIZE, blue, matte, frame);
  expect([widthPx, heightPx]).toEqual([64, 160]);
  expect(new Set(data)).toEqual(new Set([20, 60, 180]));
});

it('of a picture that is all subject is one tone', () => {
  const all = new Float32Array(matte.length).fill(1);
  const { data } = blurredBackdrop(
    SIZE,
    picture(() => [200, 30, 30]),
    all,
    whole,
  );
  expect(new Set(data).size).toBe(1);
});

it('is mirrored beyond the picture, without bars', () => {
  const bright = picture((x) => (x < 60 ? [200, 200, 200] : [40, 40, 40]));
  const none = new Float32Array(matte.length);
  const window = { left: -120, top: 0, widthPx: 120, heightPx: 90 };
  const { data } = blurredBackdrop(SIZE, bright, none, { window, result: SIZE });
  const { data: inside } = blurredBackdrop(SIZE, bright, none, whole);
  for (let x = 0; x < SIZE.widthPx; x += 1)
    expect(Math.abs((data[x * 3] as number) - (inside[(119 - x) * 3] as number))).toBeLessThan(2);
});
