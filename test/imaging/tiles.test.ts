import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Picture } from '../../src/imaging/picture.ts';
import { planTiles, readTile, writeCore } from '../../src/imaging/tiles.ts';

const side = fc.integer({ min: 1, max: 150 });
const shapes = fc
  .record({
    widthPx: side,
    heightPx: side,
    overlapPx: fc.integer({ min: 0, max: 24 }),
    corePx: fc.integer({ min: 16, max: 100 }),
  })
  .map(({ corePx, overlapPx, ...size }) => ({
    size,
    overlapPx,
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

function splitAndWriteBack(picture: Picture, grid: ReturnType<typeof planTiles>, scale: number) {
  const widthPx = picture.widthPx * scale;
  const data = new Uint8Array(widthPx * picture.heightPx * scale * 3);
  const tile = new Float32Array(grid.tile.widthPx * grid.tile.heightPx * 3);
  for (const core of grid.cores) {
    readTile(picture, grid, core, tile);
    writeCore(repeated(tile, grid.tile, scale), grid, core, { data, widthPx, scale });
  }
  return data;
}

test('splitting and writing back gives the same picture for any size, tile and overlap', () => {
  fc.assert(
    fc.property(shapes, ({ size, tilePx, overlapPx }) => {
      const picture = noise(size, 3);
      const back = splitAndWriteBack(picture, planTiles(size, tilePx, overlapPx), 1);
      expect(Buffer.compare(back, picture.data)).toBe(0);
    }),
    { seed: 1, numRuns: 40 },
  );
});

test('every pixel is in exactly one core, and no tile is larger than asked', () => {
  fc.assert(
    fc.property(shapes, ({ size, tilePx, overlapPx }) => {
      const { cores, tile } = planTiles(size, tilePx, overlapPx);
      const seen = new Uint8Array(size.widthPx * size.heightPx);
      for (const core of cores) {
        for (let y = core.y; y < core.y + core.heightPx; y += 1) {
          const row = y * size.widthPx + core.x;
          for (let i = row; i < row + core.widthPx; i += 1) seen[i]! += 1;
        }
      }
      expect(seen.every((count) => count === 1)).toBe(true);
      expect(Math.max(tile.widthPx, tile.heightPx)).toBeLessThanOrEqual(tilePx);
    }),
    { seed: 2, numRuns: 100 },
  );
});

test('at scale 2 every core lands at twice its place', () => {
  const picture = noise({ widthPx: 37, heightPx: 21 }, 4);
  const back = splitAndWriteBack(picture, planTiles(picture, 32, 4), 2);
  for (let y = 0; y < 42; y += 1) {
    for (let x = 0; x < 74; x += 1) {
      const from = (Math.floor(y / 2) * 37 + Math.floor(x / 2)) * 4;
      const to = (y * 74 + x) * 3;
      expect(back.subarray(to, to + 3)).toEqual(picture.data.subarray(from, from + 3));
    }
  }
});

test('beyond the picture its edge is repeated', () => {
  const picture: Picture = {
    data: Uint8Array.from([255, 0, 51, 0, 255, 102]),
    widthPx: 2,
    heightPx: 1,
    channels: 3,
  };
  const grid = planTiles(picture, 20, 2);
  const tile = new Float32Array(grid.tile.widthPx * grid.tile.heightPx * 3);
  readTile(picture, grid, grid.cores[0]!, tile);
  const red = [...tile.subarray(0, 5)];
  expect(red).toEqual([1, 1, 1, 0, 0]);
});

test('a tile that is all overlap is a mistake', () => {
  expect(() => planTiles({ widthPx: 9, heightPx: 9 }, 32, 16)).toThrow(RangeError);
});
