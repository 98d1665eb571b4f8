import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { loadContractModels } from '../../src/packs/contract-models.ts';
import { type Manifest, unsealedFilesOf } from '../../src/packs/manifest.ts';
import { PackError, PackRegistry, STARTER_PACKS } from '../../src/packs/registry.ts';

const MODEL = Buffer.from('not really a graph');
const FILE = {
  role: 'model',
  path: 'model.onnx',
  bytes: MODEL.length,
  sha256: createHash('sha256').update(MODEL).digest('hex'),
};
const MANIFEST = {
  id: 'test-cutout',
  version: '1.0.0',
  name: 'Test',
  description: 'A pack of a test',
  task: 'segmentation',
  family: 'salient-object',
  inputs: { sizePx: 64 },
  precision: 'fp32',
  licence: { spdx: 'Apache-2.0', commercialUse: true },
  source: { kind: 'trained', command: 'make' },
  memoryMiB: 1,
  files: [FILE],
};

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'garnish-packs-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A folder of packs with one pack in it. */
function packs(manifest: object | string = MANIFEST, root = folder(), name = 'test'): string {
  mkdirSync(join(root, name));
  writeFileSync(join(root, name, 'model.onnx'), MODEL);
  const text = typeof manifest === 'string' ? manifest : JSON.stringify(manifest);
  writeFileSync(join(root, name, 'pack.json'), text);
  return root;
}

const withFile = (change: object) => ({ ...MANIFEST, files: [{ ...FILE, ...change }] });

/** The line that a folder of packs is refused with. */
async function refusal(root: string): Promise<string> {
  const error: unknown = await PackRegistry.load([root]).catch((reason: unknown) => reason);
  if (!(error instanceof PackError)) throw new Error(`Not refused with a PackError: ${error}`);
  expect(error.message.split('\n')).toHaveLength(1);
  return error.message;
}

test('a sound pack is found by its task, with the paths of its files', async () => {
  const root = packs();
  const registry = await PackRegistry.load([root]);
  expect(registry.packFor('segmentation')).toBe('test-cutout');
  expect(registry.packFor('super-resolution')).toBeUndefined();
  expect(registry.enginePacks()).toEqual([
    {
      id: 'test-cutout',
      task: 'segmentation',
      family: 'salient-object',
      folder: join(root, 'test'),
      files: { model: join(root, 'test', 'model.onnx') },
      inputs: { sizePx: 64 },
      memoryMib: 1,
      bytes: 18,
    },
  ]);
});

/** What a pack cannot do without. */
const BARE = {
  id: 'test-cutout',
  task: 'segmentation',
  family: 'salient-object',
  licence: { spdx: 'Apache-2.0', commercialUse: true },
  files: [{ role: 'model', path: 'model.onnx' }],
};

test('a manifest may leave out what only describes, and the seal of its files', async () => {
  const root = packs(BARE);
  const [pack] = (await PackRegistry.load([root])).packs;
  expect(pack?.manifest).toEqual({
    ...{ ...BARE, version: '1.0.0', name: 'test-cutout', description: '', inputs: {} },
    ...{ precision: 'fp32', source: { kind: 'local' }, memoryMiB: 0 },
  });
  expect(unsealedFilesOf(pack?.manifest as Manifest)).toEqual(['model.onnx']);
  writeFileSync(join(root, 'test', 'model.onnx'), 'another graph');
  expect((await PackRegistry.load([root])).packs).toHaveLength(1);
  rmSync(join(root, 'test', 'model.onnx'));
  expect(await refusal(root)).toMatch(/test\/model\.onnx is missing/);
});

describe('refused with one line that names the file', () => {
  test('another hash', async () => {
    const root = packs(withFile({ sha256: '0'.repeat(64) }));
    expect(await refusal(root)).toMatch(/test\/model\.onnx does not have the SHA-256/);
  });

  test('another size', async () => {
    const root = packs(withFile({ bytes: 3 }));
    expect(await refusal(root)).toMatch(/test\/model\.onnx has 18 bytes, its manifest says 3/);
  });

  test('a file that is missing', async () => {
    const root = packs(withFile({ path: 'other.onnx' }));
    expect(await refusal(root)).toMatch(/test\/other\.onnx is missing/);
  });

  test('a symbolic link, also to the right bytes', async () => {
    const root = packs(withFile({ path: 'link.onnx' }));
    symlinkSync(join(root, 'test', 'model.onnx'), join(root, 'test', 'link.onnx'));
    expect(await refusal(root)).toMatch(/test\/link\.onnx is missing or no plain file/);
  });

  test('a folder in place of a file', async () => {
    const root = packs(withFile({ path: 'folder.onnx' }));
    mkdirSync(join(root, 'test', 'folder.onnx'));
    expect(await refusal(root)).toMatch(/test\/folder\.onnx is missing or no plain file/);
  });

  test.each([
    '../model.onnx',
    '/etc/hostname',
    'a//b.onnx',
    'a/../b.onnx',
    'a/',
    'a/.b',
    '..',
    '.hidden',
    'a\\b',
    '',
  ])('the path %j', async (path) => {
    const root = packs(withFile({ path }));
    expect(await refusal(root)).toMatch(/test\/pack\.json cannot be used: .*files\[0\]\.path/);
  });

  test.each([
    ['an unknown key', { ...MANIFEST, extra: 1 }, /extra/],
    ['an unknown key of a file', withFile({ url: 'https://x.example' }), /url/],
    ['an unknown task', { ...MANIFEST, task: 'sorting' }, /task/],
    ['an id that is no name', { ...MANIFEST, id: '../x' }, /id/],
    ['no graph for its task', withFile({ role: 'x4' }), /role model, received x4/],
    ['no files', { ...MANIFEST, files: [] }, /files/],
    ['a size without a hash', withFile({ sha256: undefined }), /bytes and sha256 .* together/],
    ['a hash that is none', withFile({ sha256: 'abc' }), /sha256/],
    ['no licence', { ...MANIFEST, licence: undefined }, /licence/],
    ['text that is no JSON', '{', /JSON/],
    ['JSON of another kind', '[]', /pack\.json/],
  ])('%s', async (_name, manifest, expected) => {
    const message = await refusal(packs(manifest));
    expect(message).toMatch(/test\/pack\.json cannot be used: /);
    expect(message).toMatch(expected);
  });

  test('a folder that is not there', async () => {
    const root = join(folder(), 'none');
    expect(await refusal(root)).toBe(`There is no folder ${root}.`);
  });
});

test("an operator's pack replaces one of the same id and answers before the others", async () => {
  const own = packs({ ...MANIFEST, version: '2.0.0' }, folder(), 'mine');
  const registry = await PackRegistry.load([packs(), own]);
  expect(registry.packs.map(({ manifest }) => manifest.version)).toEqual(['2.0.0']);
  const other = packs({ ...MANIFEST, id: 'other' }, folder(), 'other');
  const both = await PackRegistry.load([packs(), other]);
  expect(both.packFor('segmentation')).toBe('other');
  expect(both.enginePacks().map(({ id }) => id)).toEqual(['other']);
});

test('folders without a manifest are not packs', async () => {
  const root = folder();
  mkdirSync(join(root, 'notes'));
  writeFileSync(join(root, 'README.md'), 'hello');
  expect((await PackRegistry.load([root])).packs).toEqual([]);
});

test('the packs of the repository are whole and may be used commercially', async () => {
  const { packs: starters } = await PackRegistry.load([STARTER_PACKS]);
  const tasks = starters.map(({ manifest }) => manifest.task);
  expect(tasks).toEqual(expect.arrayContaining(['segmentation', 'super-resolution']));
  for (const { manifest } of starters) expect(manifest.licence.commercialUse).toBe(true);
});

test("the contract's models are those of the published API", () => {
  expect(loadContractModels().map(({ id, credits_per_image }) => [id, credits_per_image])).toEqual([
    ['flux-2-pro', 1],
    ['seeddream', 1],
    ['flux-2-max', 2],
  ]);
});
