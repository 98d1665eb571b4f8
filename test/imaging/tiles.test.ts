import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Picture } from '../../src/imaging/picture.ts';
import { TileMosaic } from '../../src/imaging/tile-mosaic.ts';
import { type Border, planTiles, readTile, type TileOptions } from '../../src/imaging/tiles.ts';

const side = fc.integer({ min: 1, max: 150 });
const shapes = fc
  .record({
    widthPx: side,
    heightPx: side,
    overlapPx: fc.integer({ min: 0, max: 24 }),
    corePx: fc.integer({ min: 16, max: 100 }),
    border: fc.constantFrom<Border[]>('repeat', 'reflect', 'symmetric'),
    fade: fc.integer({ min: 0, max: 8 }),
  })
  .map(({ widthPx, heightPx, corePx, overlapPx, border, fade }) => ({
    size: { widthPx, heightPx },
    ...{ overlapPx, border, featherPx: Math.min(fade, overlapPx) },
    tilePx: corePx + 2 * overlapPx,
  }));

function noise(size: { widthPx: number; heightPx: number }, channels: 3 | 4): Picture {
  const data = new Uint8Array(size.widthPx * size.heightPx * channels);
  for (let i = 0; i < data.length; i += 1) data[i] = (i * 2_654_435_761) >>> 24;
  return { ...size, data, channels };
}

/** A tile as a network of scale `scale` that only repeats pixels would give it. */
function repeated(tile: Float32Array, size: { widthPx: number; heightPx: number }, scale: number) {
  const { widthPx, heightPx } = size;
  const out = new Uint8Array(tile.length * scale * scale);
  for (let i = 0; i < out.length; i += 1) {
    const pixel = Math.floor(i / 3);
    const x = Math.floor((pixel % (widthPx * scale)) / scale);
    const y = Math.floor(pixel / (widthPx * scale) / scale);
    out[i] = Math.round(tile[(i % 3) * widthPx * heightPx + y * widthPx + x]! * 255);
  }
  return out;
}

interface Cutting extends TileOptions {
  readonly featherPx: number;
}

function splitAndPutBack(picture: Picture, options: Cutting, scale: number) {
  const grid = planTiles(picture, options);
  const mosaic = new TileMosaic(grid, { size: picture, scale, featherPx: options.featherPx });
  const tile = new Float32Array(grid.tile.widthPx * grid.tile.heightPx * 3);
  for (const row of grid.rows) {
    for (const column of grid.columns) {
      readTile(picture, grid, [column, row], tile);
      mosaic.put(repeated(tile, grid.tile, scale), [column, row]);
    }
  }
  return mosaic.data;
}

test('splitting and putting together gives the same picture for any size, tile, overlap, border and fade', () => {
  fc.assert(
    fc.property(shapes, ({ size, ...options }) => {
      const picture = noise(size, 3);
      const back = splitAndPutBack(picture, options, 1);
      expect(Buffer.compare(back, picture.data)).toBe(0);
    }),
    { seed: 1, numRuns: 80 },
  );
});

test('every pixel is in exactly one core, and no tile is larger than asked', () => {
  fc.assert(
    fc.property(shapes, ({ size, ...options }) => {
      const { columns, rows, tile } = planTiles(size, options);
      for (const [spans, side] of [
        [columns, size.widthPx],
        [rows, size.heightPx],
      ] as const) {
        const seen = spans.flatMap(({ start, length }) =>
          Array.from({ length }, (_, i) => start + i),
        );
        expect(seen).toEqual(Array.from({ length: side }, (_, i) => i));
      }
      expect(Math.max(tile.widthPx, tile.heightPx)).toBeLessThanOrEqual(options.tilePx);
    }),
    { seed: 2, numRuns: 100 },
  );
});

test('every core has its overlap around it, but for where the picture ends', () => {
  fc.assert(
    fc.property(shapes, ({ size, ...options }) => {
      const { columns, tile } = planTiles(size, options);
      for (const { origin, start, length } of columns) {
        const left = start - origin;
        const right = origin + tile.widthPx - start - length;
        const isInside = options.border !== 'repeat';
        expect(left).toBeGreaterThanOrEqual(isInside && origin === 0 ? 0 : options.overlapPx);
        const isLast = origin + tile.widthPx >= size.widthPx;
        expect(right).toBeGreaterThanOrEqual(isInside && isLast ? 0 : options.overlapPx);
      }
    }),
    { seed: 3, numRuns: 100 },
  );
});

test('at scale 2 every core lands at twice its place', () => {
  const picture = noise({ widthPx: 37, heightPx: 21 }, 4);
  const options = { tilePx: 32, overlapPx: 4, border: 'repeat', featherPx: 0 } as const;
  const back = splitAndPutBack(picture, options, 2);
  for (let y = 0; y < 42; y += 1) {
    for (let x = 0; x < 74; x += 1) {
      const from = (Math.floor(y / 2) * 37 + Math.floor(x / 2)) * 4;
      const to = (y * 74 + x) * 3;
      expect(back.subarray(to, to + 3)).toEqual(picture.data.subarray(from, from + 3));
    }
  }
});

/** Red of a picture of one row, white, black, dark, as a tile of `widthPx` reads it. */
function redOf(options: Partial<TileOptions>): readonly number[] {
  const data = Uint8Array.from([255, 0, 0, 0, 255, 0, 51, 0, 0]);
  const picture: Picture = { data, widthPx: 3, heightPx: 1, channels: 3 };
  const grid = planTiles(picture, { tilePx: 20, overlapPx: 2, border: 'repeat', ...options });
  const [column, row] = [grid.columns[0]!, grid.rows[0]!];
  const tile = new Float32Array(grid.tile.widthPx * grid.tile.heightPx * 3);
  readTile(picture, grid, [column, row], tile);
  return [...tile.subarray(0, 5)].map((value) => Math.round(value * 255));
}

test('beyond the picture lies what the border says, as numpy.pad fills it', () => {
  expect(redOf({ border: 'repeat' })).toEqual([255, 255, 255, 0, 51]);
  const paddedSide = () => 5;
  expect(redOf({ border: 'reflect', paddedSide })).toEqual([255, 0, 51, 0, 255]);
  expect(redOf({ border: 'symmetric', paddedSide })).toEqual([255, 0, 51, 51, 0]);
});

test('a graph of one size gets tiles of that size', () => {
  const options = { tilePx: 200, overlapPx: 8, border: 'reflect' } as const;
  const exact = { widthPx: 64, heightPx: 48 };
  const grid = planTiles({ widthPx: 150, heightPx: 20 }, { ...options, exact });
  expect(grid.tile).toEqual(exact);
  expect(grid.columns.map(({ origin }) => origin)).toEqual([0, 48, 86]);
  expect(grid.rows).toEqual([{ origin: 0, start: 0, length: 20 }]);
});

test('two tiles that differ are faded into each other without a step, also where four meet', () => {
  const size = { widthPx: 32, heightPx: 32 };
  const grid = planTiles(size, { tilePx: 32 - 8, overlapPx: 4, border: 'reflect' });
  expect([grid.columns.length, grid.rows.length]).toEqual([2, 2]);
  const mosaic = new TileMosaic(grid, { size, scale: 2, featherPx: 4 });
  for (const [j, row] of grid.rows.entries()) {
    for (const [i, column] of grid.columns.entries()) {
      const tile = new Uint8Array(grid.tile.widthPx * grid.tile.heightPx * 4 * 3);
      mosaic.put(tile.fill(80 * i + 64 * j), [column, row]);
    }
  }
  const red = (x: number, y: number) => mosaic.data[(y * 64 + x) * 3]!;
  expect([red(0, 0), red(63, 0), red(0, 63), red(63, 63)]).toEqual([0, 80, 64, 144]);
  for (let y = 0; y < 63; y += 1) {
    for (let x = 0; x < 63; x += 1) {
      expect(Math.abs(red(x + 1, y) - red(x, y))).toBeLessThanOrEqual(6); // 80 over 16 pixels
      expect(Math.abs(red(x, y + 1) - red(x, y))).toBeLessThanOrEqual(5);
    }
  }
});

test('a tile that is all overlap is a mistake', () => {
  const options = { tilePx: 32, overlapPx: 16, border: 'repeat' } as const;
  expect(() => planTiles({ widthPx: 9, heightPx: 9 }, options)).toThrow(RangeError);
});
