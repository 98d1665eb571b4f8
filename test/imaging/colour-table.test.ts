/** Colour tables: what they do between their corners, and what is laid on top of them. */
import { describe, expect, it } from 'vitest';
import { applyColourTable, type ColourTable, changeTable } from '../../src/imaging/colour-table.ts';
import type { Picture } from '../../src/imaging/picture.ts';
import { distance, paint } from '../support/pictures.ts';

type Colour = readonly [number, number, number];
const CORNERS = 17;
const AS_IT_IS = { share: 1, brightness: 0, contrast: 0, saturation: 0 };

function tableOf(becomes: (colour: Colour) => Colour): ColourTable {
  const data = new Float32Array(CORNERS ** 3 * 3);
  for (let i = 0; i < CORNERS ** 3; i += 1) {
    const [red, green, blue] = [
      Math.floor(i / CORNERS ** 2),
      Math.floor(i / CORNERS) % CORNERS,
      i % CORNERS,
    ];
    data.set(becomes([red / 16, green / 16, blue / 16]), i * 3);
  }
  return { corners: CORNERS, data };
}

const identity = tableOf((colour) => colour);
/** Every level of each channel, and colours that lie in each of the six tetrahedra. */
const many = paint({ widthPx: 256, heightPx: 64 }, (x, y) => [
  x,
  (x * 7 + y * 31) % 256,
  (x * 3 + y * 101) % 256,
]);
const greys = paint({ widthPx: 256, heightPx: 1 }, (x) => [x, x, x]);

function differences(one: Picture, other: Picture): number {
  return Math.max(...one.data.map((level, i) => Math.abs(level - (other.data[i] as number))));
}

describe('applyColourTable', () => {
  it('changes nothing where the table does not', () => {
    expect(distance(applyColourTable(many, identity), many)).toBe(0);
  });

  it('is exact for what is linear, whatever tetrahedron a colour lies in', () => {
    const mixed = tableOf(([r, g, b]) => [0.6 * r + 0.3 * g + 0.1 * b, 0.2 * r + 0.8 * b, 1 - g]);
    const expected = paint({ widthPx: 256, heightPx: 64 }, (x, y) => {
      const [r, g, b] = [x, (x * 7 + y * 31) % 256, (x * 3 + y * 101) % 256];
      return [0.6 * r + 0.3 * g + 0.1 * b, 0.2 * r + 0.8 * b, 255 - g];
    });
    expect(differences(applyColourTable(many, mixed), expected)).toBeLessThanOrEqual(1);
  });

  it('keeps greys grey when the corners of grey are', () => {
    const curved = tableOf(([r, g, b]) => [r ** 1.4, g ** 1.4, b ** 1.4]);
    const { data } = applyColourTable(greys, curved);
    for (let i = 0; i < data.length; i += 3)
      expect([data[i + 1], data[i + 2]]).toEqual([data[i], data[i]]);
  });

  it('keeps alpha', () => {
    const picture = paint({ widthPx: 16, heightPx: 16 }, (x, y) => [9, 9, 9, x * 16 + y]);
    const { data, channels } = applyColourTable(
      picture,
      tableOf(() => [1, 0, 0]),
    );
    expect(channels).toBe(4);
    for (let i = 0; i < 256; i += 1) expect(data[i * 4 + 3]).toBe(picture.data[i * 4 + 3]);
  });
});

describe('changeTable', () => {
  const black = tableOf(() => [0, 0, 0]);

  it('keeps a share of what the table does', () => {
    expect(applyColourTable(many, changeTable(black, { ...AS_IT_IS, share: 0 })).data).toEqual(
      many.data,
    );
    const half = applyColourTable(greys, changeTable(black, { ...AS_IT_IS, share: 0.5 }));
    expect(half.data[200 * 3]).toBe(100);
  });

  it('leaves black and white where they are, and lifts or steepens what is between', () => {
    const level = (change: object, grey: number) =>
      applyColourTable(greys, changeTable(identity, { ...AS_IT_IS, ...change })).data[
        grey * 3
      ] as number;
    for (const change of [{ brightness: 0.2 }, { contrast: 0.2 }]) {
      expect([level(change, 0), level(change, 255)]).toEqual([0, 255]);
    }
    expect(level({ brightness: 0.2 }, 100)).toBeGreaterThan(110);
    expect(level({ contrast: 0.2 }, 64)).toBeLessThan(60);
    expect(level({ contrast: 0.2 }, 192)).toBeGreaterThan(196);
  });

  it('gives pale colours more of theirs, vivid ones hardly any, greys none', () => {
    const table = changeTable(identity, { ...AS_IT_IS, saturation: 0.3 });
    const gain = (colour: Colour) => {
      const { data } = applyColourTable(
        paint({ widthPx: 1, heightPx: 1 }, () => colour),
        table,
      );
      const spread = (levels: ArrayLike<number>) => (levels[0] as number) - (levels[2] as number);
      return spread(data) / spread(colour);
    };
    expect(gain([150, 130, 110])).toBeGreaterThan(1.2);
    expect(gain([240, 60, 10])).toBeLessThan(1.1);
    expect(distance(applyColourTable(greys, table), greys)).toBe(0);
  });
});
