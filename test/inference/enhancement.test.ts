/** Enhancement packs: the starter's, and graphs that are none. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FAULTS } from '../../scripts/evaluate/faults.ts';
import type { EnginePack } from '../../src/engine/protocol.ts';
import { changesBetween } from '../../src/imaging/change-map.ts';
import { encodePicture } from '../../src/imaging/codec.ts';
import { applyColourTable } from '../../src/imaging/colour-table.ts';
import type { Picture } from '../../src/imaging/picture.ts';
import { findCorrection } from '../../src/inference/enhancement/colour-table-family.ts';
import { type LoadedPack, loadPack } from '../../src/inference/loaded-pack.ts';
import { runOperation } from '../../src/inference/operations/run-operation.ts';
import { warmUp } from '../../src/inference/warm-up.ts';
import { PackRegistry, STARTER_PACKS } from '../../src/packs/registry.ts';
import { drawPlate } from '../support/pictures.ts';

const CPU = { provider: 'cpu', deviceId: 0, threads: 1 } as const;
let packs: readonly EnginePack[];
let pack: LoadedPack;
let folder: string;

beforeAll(async () => {
  packs = (await PackRegistry.load([STARTER_PACKS])).enginePacks();
  pack = await loadPack(packs.find(({ task }) => task === 'enhancement') as EnginePack, CPU);
  folder = mkdtempSync(join(tmpdir(), 'garnish-enhancement-'));
});
afterAll(async () => {
  await pack.release();
  rmSync(folder, { recursive: true });
});

const plate = drawPlate(320, 240);
const farFrom = (picture: Picture, other: Picture) => changesBetween(picture, other).mean;
const mended = async (picture: Picture) =>
  applyColourTable(picture, (await findCorrection(pack, picture)).table);

describe('the starter pack', () => {
  it.each(['one stop and a half too dark', 'haze'])('mends a picture with %s', async (name) => {
    const spoiled = FAULTS[name]?.(plate) ?? plate;
    expect(farFrom(await mended(spoiled), plate)).toBeLessThan(0.75 * farFrom(spoiled, plate));
  });

  it('answers alike for large and small pictures of one dish', async () => {
    const [one, other] = [
      await findCorrection(pack, plate),
      await findCorrection(pack, drawPlate(96, 72)),
    ];
    const differences = one.table.data.map((value, i) =>
      Math.abs(value - (other.table.data[i] ?? 9)),
    );
    expect(Math.max(...differences)).toBeLessThan(0.1);
  });

  it('gives tables that rise with each channel: no colour is folded over another', async () => {
    const { table } = await findCorrection(pack, FAULTS['tungsten light']?.(plate) ?? plate);
    const { corners, data } = table;
    const grey = (i: number, channel: number) =>
      data[(i * corners * corners + i * corners + i) * 3 + channel] as number;
    for (let i = 1; i < corners; i += 1) {
      for (const channel of [0, 1, 2])
        expect(grey(i, channel)).toBeGreaterThanOrEqual(grey(i - 1, channel));
    }
  });
});

describe('graphs of another kind', () => {
  it('are told by the warm-up, by the name of the pack', async () => {
    const other = packs.find(({ task }) => task === 'segmentation') as EnginePack;
    const wrong = { ...other, task: 'enhancement', family: 'colour-table' };
    const loaded = await loadPack(wrong, CPU);
    await expect(warmUp(loaded)).rejects.toThrow(/garnish-cutout cannot be used: .*local contrast/);
    await loaded.release();
  });

  it('and families that nobody knows are refused', async () => {
    const unknown: LoadedPack = { ...pack, pack: { ...pack.pack, family: 'curves' } };
    await expect(findCorrection(unknown, plate)).rejects.toThrow(/"curves": colour-table/);
  });
});

it('stops between two of its steps when the task is cancelled', async () => {
  const sourcePath = join(folder, 'plate.png');
  await encodePicture(plate, 'png', sourcePath);
  let asked = 0;
  const run = runOperation({
    task: {
      taskId: 't',
      operation: {
        operation: 'enhance',
        look: {
          ...{ correction: 1, brightness: 0, contrast: 0 },
          ...{ saturation: 0, localContrast: 0, sharpness: 0 },
        },
        framing: { maxTiltDegrees: 3 },
        size: { maxScale: 1, longestSidePx: 2048 },
        ...{ removeBackground: false, hasChangeMap: false, file: {} },
      },
      sourcePath,
      outputStem: join(folder, 'made'),
    },
    limits: {
      maxPixels: 4e7,
      minSidePx: 16,
      maxSidePx: 8192,
      maxAspectRatio: 20,
      maxResultPixels: 4e7,
    },
    pack: () => pack,
    isCancelled: () => {
      asked += 1;
      return asked > 2;
    },
    onProgress: () => undefined,
    onShortage: () => undefined,
  });
  await expect(run).rejects.toMatchObject({ kind: 'cancelled' });
});
