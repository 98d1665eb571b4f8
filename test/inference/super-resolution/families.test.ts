/**
 * Super-resolution packs against plain Python runs of the same graphs over the whole picture (scripts/golden/families):
 * files of other makers where they are there, and small graphs with random weights for what those do not show.
 */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Picture } from '../../../src/imaging/picture.ts';
import { resizePicture } from '../../../src/imaging/reframe.ts';
import { enlarge } from '../../../src/inference/super-resolution/enlarge.ts';
import { tilingOf } from '../../../src/inference/super-resolution/families.ts';
import {
  FAMILY_GOLDEN,
  type GraphPack,
  loadGraphPack,
  publicGraph,
  readPicture,
} from '../../support/graph-packs.ts';

const goldenPicture = (name: string): Promise<Picture> =>
  readPicture(join(FAMILY_GOLDEN, `${name}.png`));

const ownPack = (
  family: string,
  graph: string,
  role: 'x2' | 'x4',
  inputs: object = {},
): GraphPack => ({
  ...{ task: 'super-resolution', family, role, inputs },
  graph: join(FAMILY_GOLDEN, `${graph}.onnx`),
});

function largestDifference(a: Picture, b: Picture): number {
  expect([a.widthPx, a.heightPx]).toEqual([b.widthPx, b.heightPx]);
  return a.data.reduce(
    (most, value, i) => Math.max(most, Math.abs(value - (b.data[i] ?? -999))),
    0,
  );
}

const CROP_PX = 40;

/** The crops that scripts/golden/families/make_family_golden.py keeps: both corners, and where tiles of 96 meet. */
function cropsOf(picture: Picture): Picture {
  const { widthPx, heightPx } = picture;
  const middle = (64 * widthPx) / 160 - CROP_PX / 2;
  const places = [
    [0, 0],
    [middle, middle],
    [widthPx - CROP_PX, heightPx - CROP_PX],
  ] as const;
  const data = new Uint8Array(places.length * CROP_PX * CROP_PX * 3);
  for (const [index, [left, top]] of places.entries()) {
    for (let row = 0; row < CROP_PX; row += 1) {
      const from = ((top + row) * widthPx + left) * 3;
      const to = (row * places.length + index) * CROP_PX * 3;
      data.set(picture.data.subarray(from, from + CROP_PX * 3), to);
    }
  }
  return { data, widthPx: places.length * CROP_PX, heightPx: CROP_PX, channels: 3 };
}

describe.each([
  ['realesr-general-x4v3', 'real-esrgan', 4, [256, 96]],
  ['realesr-general-x4v3-fp16', 'real-esrgan', 4, [256]],
  ['realesr-general-wdn-x4v3', 'real-esrgan', 4, [256]],
  ['rlfn-x2', 'rlfn', 2, [512]],
  ['rlfn-x4', 'rlfn', 4, [512]],
] as const)('%s', (name, family, scale, sides) => {
  const graph = publicGraph(`${name}.onnx`);

  test.skipIf(graph === undefined).each(sides)(
    'gives what onnxruntime gives in Python, to one level, with tiles of %i',
    async (tilePx) => {
      const task = 'super-resolution';
      const role = `x${scale}` as const;
      const pack = await loadGraphPack({ task, family, role, graph: graph ?? '' });
      const enlarged = await enlarge(pack, await goldenPicture('dish'), scale, { tilePx });
      expect(largestDifference(cropsOf(enlarged), await goldenPicture(name))).toBeLessThanOrEqual(
        1,
      );
    },
  );

  // Weights of others are not in the repository: a clone alone says so by this name instead of running nothing.
  if (graph === undefined) test.skip(`${name}.onnx is not in ../shared/weights`, () => undefined);
});

describe('sides that a network cannot take', () => {
  test.each([2, 4] as const)('are padded for Swin2SR as transformers pads, %ix', async (scale) => {
    const pack = await loadGraphPack(ownPack('swin2sr', `windowed-x${scale}`, `x${scale}`));
    const enlarged = await enlarge(pack, await goldenPicture('small'), scale);
    const expected = await goldenPicture(`windowed-x${scale}`);
    expect(largestDifference(enlarged, expected)).toBeLessThanOrEqual(1);
  });

  test('are padded for Swin2SR also in tiles, whose windows lie where the picture’s do', async () => {
    const pack = await loadGraphPack(ownPack('swin2sr', 'windowed-x2', 'x2', { overlapPx: 8 }));
    const enlarged = await enlarge(pack, await goldenPicture('small'), 2, { tilePx: 32 });
    const expected = await goldenPicture('windowed-x2');
    expect(largestDifference(enlarged, expected)).toBeLessThanOrEqual(1);
  });

  test.each([
    ['in one piece', 'unshuffling-x2', 256, 32],
    ['in tiles', 'unshuffling-x2', 32, 4],
    ['by a graph that takes 64 x 64 only', 'unshuffling-64-x2', 256, 4],
  ])('are made even for a 2x RRDBNet, %s', async (_name, graph, tilePx, overlapPx) => {
    const pack = await loadGraphPack(ownPack('real-esrgan', graph, 'x2', { overlapPx }));
    const enlarged = await enlarge(pack, await goldenPicture('small'), 2, { tilePx });
    // To 64 pixels three columns are missing, not the one that the reference adds.
    const margin = graph.includes('64') ? 8 : 0;
    const expected = await goldenPicture('unshuffling-x2');
    expect(largestDifference(cut(enlarged, margin), cut(expected, margin))).toBeLessThanOrEqual(1);
  });
});

/** Without `margin` pixels at the right and the bottom, where what is padded shows. */
function cut({ data, widthPx, heightPx }: Picture, margin: number): Picture {
  const width = widthPx - margin;
  const height = heightPx - margin;
  const cropped = new Uint8Array(width * height * 3);
  for (let row = 0; row < height; row += 1) {
    cropped.set(data.subarray(row * widthPx * 3, (row * widthPx + width) * 3), row * width * 3);
  }
  return { data: cropped, widthPx: width, heightPx: height, channels: 3 };
}

test('a side that is a multiple of Swin2SR’s window already gets one more window, as transformers does', async () => {
  const { paddedSide } = tilingOf(await loadGraphPack(ownPack('swin2sr', 'windowed-x2', 'x2')));
  expect([61, 63, 64, 65].map((side) => paddedSide(side, 2))).toEqual([64, 64, 72, 72]);
});

describe('a pack of one factor', () => {
  test('of 4 does 2 by reducing, in tiles as in one piece', async () => {
    const pack = await loadGraphPack(ownPack('swin2sr', 'windowed-x4', 'x4', { overlapPx: 8 }));
    const small = await goldenPicture('small');
    const size = { widthPx: small.widthPx * 2, heightPx: small.heightPx * 2 };
    const expected = resizePicture(await enlarge(pack, small, 4), size);
    for (const tilePx of [256, 32]) {
      const enlarged = await enlarge(pack, small, 2, { tilePx });
      // At the padded sides the kernel sees what was added.
      expect(largestDifference(cut(enlarged, 4), cut(expected, 4))).toBeLessThanOrEqual(1);
    }
  });

  test('of 2 does 4 by going twice, and tells how far it is', async () => {
    const pack = await loadGraphPack(ownPack('swin2sr', 'windowed-x2', 'x2'));
    const small = await goldenPicture('small');
    const fractions: number[] = [];
    const enlarged = await enlarge(pack, small, 4, { afterTile: (done) => fractions.push(done) });
    const expected = await enlarge(pack, await enlarge(pack, small, 2), 2);
    expect(largestDifference(enlarged, expected)).toBe(0);
    expect(fractions).toEqual([0.2, 1]);
  });
});

describe('a pack that cannot be run is refused:', () => {
  test.each([
    [{ overlapPx: 12 }, /overlapPx that 8 divides, received 12/],
    [{ overlapPx: 64, tilePx: 100 }, /tilePx of at least 144, received 100/],
    [{ sizePx: 64 }, /sizePx/],
  ])('inputs %j', async (inputs, reason) => {
    const pack = await loadGraphPack(ownPack('swin2sr', 'windowed-x2', 'x2', inputs));
    await expect(enlarge(pack, await goldenPicture('small'), 2)).rejects.toThrow(reason);
  });

  test('a graph of another factor than its role', async () => {
    const pack = await loadGraphPack(ownPack('swin2sr', 'windowed-x4', 'x2'));
    await expect(enlarge(pack, await goldenPicture('small'), 2)).rejects.toThrow(
      /graph for 2x did not give 2 times the size/,
    );
  });
});
