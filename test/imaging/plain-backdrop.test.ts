/** Dishes before a plain backdrop, and pictures that are none. */
import { describe, expect, it } from 'vitest';
import type { Picture } from '../../src/imaging/picture.ts';
import { beforePlainBackdrop } from '../../src/imaging/plain-backdrop.ts';
import { paint, withNoise } from '../support/pictures.ts';

const SIZE = { widthPx: 96, heightPx: 80 };
const inDisc = (x: number, y: number, radius = 25) => Math.hypot(x - 48, y - 40) < radius;
const WHITE = [252, 251, 250] as const;
const CREAM = [214, 205, 180] as const;

/** A pale dish of two parts on white, noisy as a camera's. */
const dish = withNoise(
  paint(SIZE, (x, y) => (inDisc(x, y) ? (x < 48 ? CREAM : [150, 90, 40]) : WHITE)),
  1.5,
);
const matteOf = (of: (x: number, y: number) => number) =>
  Float32Array.from({ length: 96 * 80 }, (_, i) => of(i % 96, Math.floor(i / 96)));
/** A network that lost the cream half. */
const half = matteOf((x, y) => (inDisc(x, y) && x >= 48 ? 1 : 0));
const at = (matte: Float32Array | undefined, x: number, y: number) => matte?.[y * 96 + x];

describe('a plain backdrop', () => {
  it('gives the dish to the pixel, also what the network lost', () => {
    const matte = beforePlainBackdrop(dish, half);
    for (const [x, y] of [
      [30, 40],
      [48, 20],
      [70, 40],
    ] as const) {
      expect(at(matte, x, y)).toBe(1);
    }
    for (const [x, y] of [
      [4, 4],
      [48, 8],
      [90, 70],
    ] as const) {
      expect(at(matte, x, y)).toBe(0);
    }
    const found = matte?.filter((value) => value >= 0.5).length ?? 0;
    expect(Math.abs(found / (Math.PI * 25 ** 2) - 1)).toBeLessThan(0.02);
  });

  it('reaches into what winds, and leaves what it does not reach', () => {
    // A ring: the white inside is no backdrop, for example a plate's middle.
    const ring = paint(SIZE, (x, y) => (inDisc(x, y) && !inDisc(x, y, 12) ? CREAM : WHITE));
    const matte = beforePlainBackdrop(
      ring,
      matteOf((x, y) => (inDisc(x, y) ? 1 : 0)),
    );
    expect([at(matte, 48, 40), at(matte, 48, 20), at(matte, 10, 10)]).toEqual([1, 1, 0]);
    // A spiral wall, open at its end: the backdrop finds its way in.
    const open = paint(SIZE, (x, y) => {
      const isWall = inDisc(x, y) && !inDisc(x, y, 20);
      return isWall && !(x > 60 && Math.abs(y - 40) < 4) ? CREAM : WHITE;
    });
    const wall = beforePlainBackdrop(
      open,
      matteOf(() => 0),
    );
    expect([at(wall, 48, 40), at(wall, 48, 18)]).toEqual([0, 1]);
  });

  it('keeps shadows as the network sees them', () => {
    const shaded = paint(SIZE, (x, y) => {
      if (inDisc(x, y)) return CREAM;
      return Math.hypot((x - 48) / 2, y - 68) < 6 ? [205, 204, 203] : WHITE;
    });
    const matte = beforePlainBackdrop(
      shaded,
      matteOf((x, y) => (inDisc(x, y) ? 1 : 0)),
    );
    expect([at(matte, 48, 70), at(matte, 48, 40)]).toEqual([0, 1]);
  });
});

describe('no plain backdrop', () => {
  const none = (picture: Picture, matte: Float32Array) =>
    expect(beforePlainBackdrop(picture, matte)).toBeUndefined();

  it('where a white plate lies on white, and the network is sure of it', () => {
    const plate = paint(SIZE, (x, y) => (inDisc(x, y, 12) ? [150, 90, 40] : WHITE));
    none(
      plate,
      matteOf((x, y) => (inDisc(x, y, 30) ? 1 : 0)),
    );
  });

  it('on a table, or where the dish fills the frame', () => {
    const wood = paint(SIZE, (x, y) => (inDisc(x, y) ? CREAM : [120 + 30 * Math.sin(x), 80, 50]));
    none(wood, half);
    none(
      paint(SIZE, (x, y) => (x < 3 || y < 3 || x > 92 || y > 76 ? WHITE : CREAM)),
      matteOf(() => 1),
    );
  });
});
