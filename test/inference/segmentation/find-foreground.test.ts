/** What happens to a network's matte on its way to the picture's size. */
import { describe, expect, test } from 'vitest';
import type { Picture, Size } from '../../../src/imaging/picture.ts';
import { resizePlane } from '../../../src/imaging/resize.ts';
import type { LoadedPack } from '../../../src/inference/loaded-pack.ts';
import { findForeground } from '../../../src/inference/segmentation/find-foreground.ts';

/** A pack whose network gives this matte, whatever it sees. */
function packGiving(family: string, side: number, matte: Float32Array): LoadedPack {
  const port = (name: string) => ({ name, type: 'float32', dims: [1, 3, side, side] });
  const session = {
    ...{ input: port('in'), outputs: [port('out')] },
    run: async () => ({ data: matte, dims: [1, 1, side, side] }),
  };
  const inputs = { activation: 'none', minMax: false };
  const pack = { id: 'fake', task: 'segmentation', family, folder: '', files: {}, inputs };
  return { pack, session: () => session } as unknown as LoadedPack;
}

/** A matte by the share of width and height. */
const matteOf = ({ widthPx, heightPx }: Size, value: (x: number, y: number) => number) =>
  Float32Array.from({ length: widthPx * heightPx }, (_, i) =>
    value(((i % widthPx) + 0.5) / widthPx, (Math.floor(i / widthPx) + 0.5) / heightPx),
  );

const square = (side: number): Size => ({ widthPx: side, heightPx: side });
const isInDisc = (x: number, y: number) => (Math.hypot(x - 0.5, y - 0.5) < 0.3 ? 1 : 0);

/** A bright disc on a dark ground. */
function discPicture(size: Size): Picture {
  const data = new Uint8Array(size.widthPx * size.heightPx * 3);
  for (const [i, inside] of matteOf(size, isInDisc).entries()) {
    data.fill(inside === 1 ? 220 : 30, i * 3, i * 3 + 3);
  }
  return { ...size, data, channels: 3 };
}

const meanDifference = (a: Float32Array, b: Float32Array): number =>
  a.reduce((sum, value, i) => sum + Math.abs(value - (b[i] ?? 9)), 0) / a.length;

describe('opacities', () => {
  const veil = (x: number, y: number) => 0.1 + 0.3 * x + 0.2 * Math.sin(40 * y);

  test('of a matte as fine as the picture stay exactly what they are, faint ones too', async () => {
    const size = square(96);
    const matte = matteOf(size, veil);
    const { alpha } = await findForeground(packGiving('birefnet', 96, matte), discPicture(size));
    const clamped = matte.map((value) => Math.max(0, value));
    expect(meanDifference(alpha, clamped)).toBeLessThan(1e-6);
  });

  test('of a matte of 1024 are only resampled, also for a larger picture', async () => {
    const size = { widthPx: 1200, heightPx: 800 };
    const matte = matteOf(square(1024), isInDisc);
    const { alpha } = await findForeground(packGiving('isnet', 1024, matte), discPicture(size));
    const plain = resizePlane(matte, square(1024), size, 'bicubic');
    const clamped = plain.map((value) => Math.min(1, Math.max(0, value)));
    expect(meanDifference(alpha, clamped)).toBeLessThan(1e-6);
  });
});

describe('a coarse matte', () => {
  const size = square(256);
  const truth = matteOf(size, isInDisc);
  const coarse = matteOf(
    square(32),
    (x, y) => 1 / (1 + Math.exp(60 * (Math.hypot(x - 0.5, y - 0.5) - 0.3))),
  );
  const plain = resizePlane(coarse, square(32), size, 'bicubic');

  test('of confidences gets the edge of the picture', async () => {
    const { alpha } = await findForeground(packGiving('u2net', 32, coarse), discPicture(size));
    expect(meanDifference(alpha, truth)).toBeLessThan(0.4 * meanDifference(plain, truth));
  });

  test('of opacities is only resampled, as the reference does', async () => {
    const { alpha } = await findForeground(packGiving('modnet', 32, coarse), discPicture(size));
    const clamped = plain.map((value) => Math.min(1, Math.max(0, value)));
    expect(meanDifference(alpha, clamped)).toBeLessThan(1e-6);
  });

  test('of confidences loses faint smears and small islands, one of opacities keeps them', async () => {
    const smeared = matteOf(square(32), (x, y) => {
      if (x > 0.94 && y > 0.94) return 0.9;
      return Math.max(isInDisc(x, y), 0.1);
    });
    const flat = { ...discPicture(size), data: new Uint8Array(256 * 256 * 3).fill(90) };
    const settled = (await findForeground(packGiving('u2net', 32, smeared), flat)).alpha;
    expect([settled[0], settled.at(-1)]).toEqual([0, 0]);
    const kept = (await findForeground(packGiving('modnet', 32, smeared), flat)).alpha;
    expect(kept[0]).toBeCloseTo(0.1, 2);
    expect(kept.at(-1)).toBeGreaterThan(0.8);
  });
});

test('a flat matte found nothing where its range is stretched', async () => {
  const size = square(64);
  const pack = packGiving('u2net', 64, new Float32Array(64 * 64).fill(0.7));
  const stretching = { ...pack, pack: { ...pack.pack, inputs: {} } } as LoadedPack;
  const { alpha } = await findForeground(stretching, discPicture(size));
  expect(alpha.every((value) => value === 0)).toBe(true);
});
