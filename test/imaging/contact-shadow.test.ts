/** The shadow of a cutout: below it, soft, and never on it. */
import { expect, it } from 'vitest';
import { castShadow } from '../../src/imaging/contact-shadow.ts';
import type { Picture } from '../../src/imaging/picture.ts';

const SIDE = 200;

/** A white disc on nothing. */
function disc(): Picture {
  const data = new Uint8Array(SIDE * SIDE * 4);
  for (let y = 0; y < SIDE; y += 1) {
    for (let x = 0; x < SIDE; x += 1) {
      const isInside = Math.hypot(x - 100, y - 90) < 50;
      data.fill(isInside ? 255 : 0, (y * SIDE + x) * 4, (y * SIDE + x + 1) * 4);
    }
  }
  return { data, widthPx: SIDE, heightPx: SIDE, channels: 4 };
}

const alphaAt = ({ data }: Picture, x: number, y: number) => data[(y * SIDE + x) * 4 + 3] as number;

it('lies below the dish, softer with the distance, and leaves the dish as it is', () => {
  const before = disc();
  const after = disc();
  castShadow(after, 0.5);
  expect(alphaAt(after, 100, 142)).toBeGreaterThan(40);
  expect(alphaAt(after, 100, 142)).toBeGreaterThan(alphaAt(after, 100, 146));
  expect(alphaAt(after, 100, 146)).toBeGreaterThan(0);
  expect(alphaAt(after, 100, 142)).toBeGreaterThan(2 * alphaAt(after, 100, 37));
  expect(alphaAt(after, 5, 5)).toBe(0);
  for (let i = 0; i < before.data.length; i += 4) {
    if (before.data[i + 3] === 255)
      expect(after.data.subarray(i, i + 4)).toEqual(before.data.subarray(i, i + 4));
    else expect([...after.data.subarray(i, i + 3)]).toEqual([0, 0, 0]);
  }
});

it('is as dark as it is asked to be', () => {
  const [light, dark] = [disc(), disc()];
  castShadow(light, 0.2);
  castShadow(dark, 1);
  const [soft, full] = [alphaAt(light, 100, 142), alphaAt(dark, 100, 142)];
  expect(full / soft).toBeCloseTo(5, 0);
});

it('is nothing where there is no dish', () => {
  const nothing: Picture = { ...disc(), data: new Uint8Array(SIDE * SIDE * 4) };
  castShadow(nothing, 1);
  expect(nothing.data.every((value) => value === 0)).toBe(true);
});
