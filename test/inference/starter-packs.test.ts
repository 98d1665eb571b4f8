/** The starter packs through their families: no seams, constants kept, alpha kept, the dish found. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EngineOperation } from '../../src/engine/protocol.ts';
import { decodePicture, encodePicture } from '../../src/imaging/codec.ts';
import { alphaOf, type Picture } from '../../src/imaging/picture.ts';
import { type LoadedPack, loadPack } from '../../src/inference/loaded-pack.ts';
import { OperationError } from '../../src/inference/operation-error.ts';
import { runOperation } from '../../src/inference/operations/run-operation.ts';
import { findForeground } from '../../src/inference/segmentation/find-foreground.ts';
import { enlarge } from '../../src/inference/super-resolution/enlarge.ts';
import { PackRegistry, STARTER_PACKS } from '../../src/packs/registry.ts';
import { drawPlate } from '../support/pictures.ts';

const CPU = { provider: 'cpu', deviceId: 0, threads: 2 } as const;
const LIMITS = {
  maxPixels: 4e7,
  minSidePx: 16,
  maxSidePx: 8192,
  maxAspectRatio: 20,
  maxResultPixels: 1e6,
};

let cutout: LoadedPack;
let upscale: LoadedPack;
let folder: string;

beforeAll(async () => {
  const packs = (await PackRegistry.load([STARTER_PACKS])).enginePacks();
  const load = (task: string) => {
    const pack = packs.find((candidate) => candidate.task === task);
    if (pack === undefined) throw new Error(`No pack for ${task}.`);
    return loadPack(pack, CPU);
  };
  cutout = await load('segmentation');
  upscale = await load('super-resolution');
  folder = mkdtempSync(join(tmpdir(), 'garnish-packs-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The same pack with tiles of another size. */
const withTiles = (tilePx: number): LoadedPack => ({
  ...upscale,
  session: upscale.session,
  pack: { ...upscale.pack, inputs: { ...upscale.pack.inputs, tilePx } },
});

const largestDifference = (a: Uint8Array, b: Uint8Array): number =>
  a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - (b[i] ?? -999))), 0);

const plain = (widthPx: number, heightPx: number, colour: readonly number[]): Picture => ({
  data: Uint8Array.from({ length: widthPx * heightPx * 3 }, (_, i) => colour[i % 3] ?? 0),
  widthPx,
  heightPx,
  channels: 3,
});

const ignore = () => undefined;

describe.each([2, 4] as const)('upscaling %ix', (scale) => {
  it('leaves no seams: tiles give what one piece gives, to one level', async () => {
    const picture = drawPlate(150, 117);
    const whole = await enlarge(withTiles(256), picture, scale);
    const tiled = await enlarge(withTiles(64), picture, scale);
    expect([tiled.widthPx, tiled.heightPx]).toEqual([150 * scale, 117 * scale]);
    expect(largestDifference(whole.data, tiled.data)).toBeLessThanOrEqual(1);
  });

  it('keeps a plain colour plain', async () => {
    const colour = [181, 96, 40];
    const { data } = await enlarge(withTiles(96), plain(90, 40, colour), scale);
    const expected = Uint8Array.from(data, (_, i) => colour[i % 3] ?? 0);
    expect(largestDifference(data, expected)).toBeLessThanOrEqual(2);
  });

  it('agrees with the source in the mean of every block', async () => {
    const picture = drawPlate(64, 48);
    const { data, widthPx } = await enlarge(upscale, picture, scale);
    let sum = 0;
    for (let y = 0; y < 48; y += 1) {
      for (let x = 0; x < 64; x += 1) {
        let block = 0;
        for (let i = 0; i < scale * scale; i += 1) {
          const at = (y * scale + Math.floor(i / scale)) * widthPx + x * scale + (i % scale);
          block += data[at * 3] ?? 0;
        }
        sum += Math.abs(block / scale ** 2 - (picture.data[(y * 64 + x) * 3] ?? 0));
      }
    }
    expect(sum / (64 * 48)).toBeLessThan(4);
  });
});

it('finds the dish and leaves the table', async () => {
  const sample = join(import.meta.dirname, '../../src/cli/sample-dish.jpg');
  const picture = await decodePicture(sample, LIMITS);
  const { alpha } = await findForeground(cutout, picture);
  let both = 0;
  let either = 0;
  for (const [i, value] of alpha.entries()) {
    const x = (i % picture.widthPx) / picture.widthPx - 0.5;
    const y = Math.floor(i / picture.widthPx) / picture.heightPx - 0.5;
    const isPlate = Math.hypot(x, y) < 0.4; // scripts/samples/draw_dish.py draws it there
    const isFound = value > 0.5;
    if (isPlate && isFound) both += 1;
    if (isPlate || isFound) either += 1;
  }
  expect(both / either).toBeGreaterThan(0.9);
});

describe('operations', () => {
  const run = async (operation: EngineOperation, source: Picture, isCancelled = () => false) => {
    const sourcePath = join(folder, 'source.png');
    await encodePicture(source, 'png', sourcePath);
    return runOperation({
      task: { taskId: 't', operation, sourcePath, outputStem: join(folder, 'result') },
      limits: LIMITS,
      pack: () => (operation.operation === 'upscale' ? upscale : cutout),
      isCancelled,
      onShortage: () => undefined,
      onProgress: ignore,
    });
  };

  it('keeps alpha apart from the colours when enlarging', async () => {
    const source = drawPlate(40, 40, 4);
    const {
      files: [file],
    } = await run({ operation: 'upscale', scale: 2 }, source);
    expect(file?.format).toBe('png');
    const result = await decodePicture(file?.path ?? '', LIMITS);
    const alpha = alphaOf(result);
    expect(alpha[0]).toBe(0);
    expect(alpha[40 * 80 + 40]).toBe(255);
  });

  it('leaves no colour under transparent pixels of a cutout', async () => {
    const {
      files: [file],
    } = await run(
      { operation: 'remove-background', output: 'cutout', format: 'png' },
      drawPlate(200, 150),
    );
    const { data } = await decodePicture(file?.path ?? '', LIMITS);
    let transparent = 0;
    for (let i = 0; i < data.length; i += 4) {
      if (data[i + 3] !== 0) continue;
      transparent += 1;
      expect((data[i] ?? 1) + (data[i + 1] ?? 1) + (data[i + 2] ?? 1)).toBe(0);
    }
    expect(transparent).toBeGreaterThan(1000);
  });

  it('refuses a result that would be too large before it works on it', async () => {
    const attempt = run({ operation: 'upscale', scale: 4 }, drawPlate(300, 300));
    await expect(attempt).rejects.toMatchObject({ kind: 'invalid_request' });
  });

  it('stops between steps when it is cancelled', async () => {
    let reads = 0;
    const cancelSoon = () => {
      reads += 1;
      return reads > 2;
    };
    const attempt = run({ operation: 'upscale', scale: 2 }, drawPlate(100, 100), cancelSoon);
    await expect(attempt).rejects.toBeInstanceOf(OperationError);
    await expect(attempt).rejects.toMatchObject({ kind: 'cancelled' });
  });
});
