/** Composition: which tilt is seen, how a picture is turned, which part of it is shown. */
import { describe, expect, it } from 'vitest';
import { chooseCrop } from '../../src/imaging/crop-choice.ts';
import { lumaOf, type Picture } from '../../src/imaging/picture.ts';
import { straighten, straightenedSize } from '../../src/imaging/straighten.ts';
import { findTilt } from '../../src/imaging/tilt.ts';
import { distance, drawPlate, paint, withNoise } from '../support/pictures.ts';

const SIZE = { widthPx: 512, heightPx: 384 };

/** A table's rim and a tile's joint, falling to the right by an angle. */
function table(degrees: number): Picture {
  const slope = Math.tan((degrees * Math.PI) / 180);
  return paint(SIZE, (x, y) => {
    const [along, down] = [x - 256 - slope * (y - 192), y - 192 - slope * (x - 256)];
    // Anti-aliased: an edge in pixels would be level here and there.
    const below = Math.min(1, Math.max(0, down + 60.5));
    const beside = Math.min(1, Math.max(0, along * -1 - 99.5));
    const level = 60 + 90 * below + 50 * beside * (1 - below);
    return [level, level * 0.9, level * 0.8];
  });
}

/** An ellipse as a plate seen from the side. */
const plates = paint(SIZE, (x, y) => {
  const rim = Math.hypot((x - 256) / 200, (y - 192) / 120);
  const level = rim < 0.6 ? 110 : rim < 1 ? 220 : 70;
  return [level, level, level];
});
const tiltOf = (picture: Picture) => findTilt(lumaOf(picture), picture);

describe('findTilt', () => {
  it.each([-3, -1.5, 0, 2, 2.75])('tells a tilt of %f degrees', (degrees) => {
    expect(tiltOf(withNoise(table(degrees), 2))).toBeCloseTo(degrees, 0);
    expect(Math.abs((tiltOf(table(degrees)) ?? 99) - degrees)).toBeLessThanOrEqual(0.25);
  });

  it('has no answer for what is round, for texture, or for nothing', () => {
    const grey = paint(SIZE, () => [128, 128, 128]);
    expect(tiltOf(plates)).toBeUndefined();
    expect(tiltOf(drawPlate(512, 384))).toBeUndefined();
    expect(tiltOf(withNoise(grey, 30))).toBeUndefined();
    expect(tiltOf(grey)).toBeUndefined();
  });

  it('has none beyond its reach', () => {
    expect(tiltOf(table(7))).toBeUndefined();
  });
});

describe('straighten', () => {
  it('undoes a tilt', () => {
    const upright = straighten(table(2), -2);
    expect(Math.abs(tiltOf(upright) ?? 99)).toBeLessThanOrEqual(0.25);
  });

  it('changes nothing by an angle of 0', () => {
    expect(Buffer.compare(straighten(table(1), 0).data, table(1).data)).toBe(0);
  });

  it('cuts the largest part of the same ratio that has no empty corner', () => {
    const white = paint(SIZE, () => [255, 255, 255, 255]);
    const turned = straighten(white, 3);
    expect(turned.data.every((level) => level === 255)).toBe(true);
    expect(turned.widthPx / turned.heightPx).toBeCloseTo(512 / 384, 1);
    // A rectangle of four pixels more would leave the turned picture: its far corner lies beyond a side.
    const { widthPx, heightPx } = straightenedSize(SIZE, 3);
    const [cos, sin] = [Math.cos(Math.PI / 60), Math.sin(Math.PI / 60)];
    const reach = (w: number, h: number) => ((w * sin + h * cos) / 2) * 2;
    expect(reach(widthPx, heightPx)).toBeLessThanOrEqual(SIZE.heightPx);
    expect(reach(widthPx + 4, heightPx + 4)).toBeGreaterThan(SIZE.heightPx);
  });

  it('blurs a picture hardly: there and back is near to where it came from', () => {
    const soft = paint(SIZE, (x, y) =>
      Array(3).fill(120 + 60 * Math.sin(x / 9) * Math.cos(y / 11)),
    );
    const back = straighten(straighten(soft, 2), -2);
    const left = Math.round((SIZE.widthPx - back.widthPx) / 2);
    const top = Math.round((SIZE.heightPx - back.heightPx) / 2);
    const same = paint(back, (x, y) => {
      const i = ((y + top) * SIZE.widthPx + x + left) * 3;
      return [...soft.data.subarray(i, i + 3)];
    });
    expect(distance(back, same)).toBeLessThan(4);
  });
});

describe('chooseCrop', () => {
  const wide = { widthPx: 1200, heightPx: 600 };
  const square = [{ least: 1, most: 1 }];

  it('is as large as the ratio allows, with the dish in its middle', () => {
    const dish = { left: 700, top: 100, widthPx: 300, heightPx: 300 };
    expect(chooseCrop(wide, square, dish)).toEqual({
      left: 550,
      top: 0,
      widthPx: 600,
      heightPx: 600,
    });
  });

  it('stays inside the picture, and shows the middle where there is no dish', () => {
    const dish = { left: 1100, top: 0, widthPx: 100, heightPx: 100 };
    expect(chooseCrop(wide, square, dish).left).toBe(600);
    expect(chooseCrop(wide, square, undefined).left).toBe(300);
  });

  it('cuts a dish that is too large evenly', () => {
    const dish = { left: 100, top: 0, widthPx: 900, heightPx: 600 };
    expect(chooseCrop(wide, square, dish)).toMatchObject({ left: 250, widthPx: 600 });
  });

  it('takes the ratio that cuts away least, and nothing from a picture that has one', () => {
    const ratios = [
      { least: 1, most: 1 },
      { least: 1.25, most: 1.5 },
    ];
    expect(chooseCrop(wide, ratios, undefined)).toMatchObject({ widthPx: 900, heightPx: 600 });
    const close = { widthPx: 1000, heightPx: 1005 };
    expect(chooseCrop(close, square, undefined)).toEqual({ left: 0, top: 0, ...close });
  });
});
