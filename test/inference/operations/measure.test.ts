/** The operation on drawn pictures, with the starter pack and without. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { encodePicture } from '../../../src/imaging/codec.ts';
import type { Picture } from '../../../src/imaging/picture.ts';
import { type LoadedPack, loadPack } from '../../../src/inference/loaded-pack.ts';
import { OperationError } from '../../../src/inference/operation-error.ts';
import { runOperation } from '../../../src/inference/operations/run-operation.ts';
import { PackRegistry, STARTER_PACKS } from '../../../src/packs/registry.ts';
import { drawPlate } from '../../support/pictures.ts';
import { sharp } from '../../support/sharp.ts';

const LIMITS = {
  maxPixels: 4e6,
  minSidePx: 16,
  maxSidePx: 4000,
  maxAspectRatio: 20,
  maxResultPixels: 1e6,
};
let cutout: LoadedPack;
let folder: string;
const path = () => join(folder, 'source');

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'garnish-measure-'));
  const packs = (await PackRegistry.load([STARTER_PACKS])).enginePacks();
  const pack = packs.find(({ task }) => task === 'segmentation') ?? expect.fail();
  cutout = await loadPack(pack, { provider: 'cpu', deviceId: 0, threads: 2 });
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Measure what lies in the source's place. */
async function measured({ packId }: { readonly packId?: string } = { packId: 'cutout' }) {
  const operation = { operation: 'measure' } as const;
  const task = { taskId: 'm', operation, sourcePath: path(), outputStem: path() };
  const result = await runOperation({
    task: packId === undefined ? task : { ...task, packId },
    limits: LIMITS,
    pack: () => cutout,
    isCancelled: () => false,
    onShortage: () => undefined,
    onProgress: () => undefined,
  });
  expect(result.files).toEqual([]);
  return { source: result.source, figures: result.figures ?? expect.fail() };
}

const put = (picture: Picture) => encodePicture(picture, 'png', path());

it('finds a plate, whole, and where it lies', async () => {
  await put(drawPlate(800, 600));
  const { source, figures } = await measured();
  expect(source).toEqual({ widthPx: 800, heightPx: 600 });
  expect(figures).toMatchObject({ format: 'png', colourSpace: 'sRGB', isSubjectSought: true });
  const { box, areaShare, touches } = figures.subject ?? expect.fail();
  // The disc has a radius of 0.38 of the height.
  expect(areaShare).toBeCloseTo((Math.PI * 0.38 ** 2 * 600) / 800, 1);
  expect(box.left).toBeCloseTo(0.5 - (0.38 * 600) / 800, 1);
  expect(box.top).toBeCloseTo(0.12, 1);
  expect(touches).toEqual({ left: 0, top: 0, right: 0, bottom: 0 });
});

it('sees a plate that the frame cuts', async () => {
  const { data, widthPx } = drawPlate(800, 600);
  await put({ data: data.slice(0, 400 * widthPx * 3), widthPx, heightPx: 400, channels: 3 });
  const { touches } = (await measured()).figures.subject ?? expect.fail();
  expect(touches.bottom).toBeGreaterThan(0.3);
  expect([touches.left, touches.right, touches.top]).toEqual([0, 0, 0]);
});

it('measures a large picture at the size of a small one', async () => {
  await put(drawPlate(1024, 768));
  const small = (await measured()).figures;
  const plate = drawPlate(1024, 768);
  const raw = { width: 1024, height: 768, channels: 3 } as const;
  await sharp(plate.data, { raw }).resize(2048, 1536).png().toFile(path());
  const large = await measured();
  expect(large.source).toEqual({ widthPx: 2048, heightPx: 1536 });
  expect(large.figures.light.meanLuma).toBeCloseTo(small.light.meanLuma, 2);
  expect(large.figures.subject?.areaShare).toBeCloseTo(small.subject?.areaShare ?? 0, 1);
});

it('does not look for a subject without a pack', async () => {
  await put(drawPlate(320, 240));
  const { figures } = await measured({});
  expect(figures.isSubjectSought).toBe(false);
  expect(figures.subject).toBeUndefined();
  expect(figures.light.meanLuma).toBeGreaterThan(0.2);
});

it('lays transparent parts on white, whatever colour is hidden there', async () => {
  const clear: Picture = { ...drawPlate(64, 64, 4) };
  for (let i = 3; i < clear.data.length; i += 4) clear.data[i] = 0;
  await put(clear);
  expect((await measured({})).figures.light.whiteShare).toBe(1);
});

it.each([
  ['srgb', 'jpeg', 'sRGB'],
  ['p3', 'jpeg', /p3/i],
  ['cmyk', 'jpeg', /./],
] as const)('names the colour space %s', async (profile, format, name) => {
  const { data, widthPx, heightPx } = drawPlate(96, 64);
  const raw = { width: widthPx, height: heightPx, channels: 3 } as const;
  await sharp(data, { raw }).withIccProfile(profile).toFormat(format).toFile(path());
  const { figures } = await measured({});
  expect(figures.format).toBe('jpeg');
  expect(figures.colourSpace).toMatch(name);
  if (profile !== 'srgb') expect(figures.colourSpace).not.toBe('sRGB');
});

it('refuses what is no picture', async () => {
  writeFileSync(path(), 'Not a picture.');
  await expect(measured()).rejects.toThrow(OperationError);
});
