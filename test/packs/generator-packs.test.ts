/** Packs of component folders: their manifests, their files, and the model ids they answer. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ModelPacks } from '../../src/packs/model-packs.ts';
import { PackRegistry } from '../../src/packs/registry.ts';

const MODEL_IDS = ['flux-2-pro', 'seeddream', 'flux-2-max'];
const INPUTS = {
  nativeSizePx: 512,
  steps: { default: 20, max: 50 },
  guidanceScale: { default: 7.5, max: 15 },
  supports: ['guidance', 'negativePrompt'],
};

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'garnish-packs-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Writes a pack with one file in a subfolder. */
function write(root: string, id: string, change: object = {}): string {
  const bytes = Buffer.from(`graph of ${id}`);
  const pack = join(root, id);
  mkdirSync(join(pack, 'unet'), { recursive: true });
  writeFileSync(join(pack, 'unet', 'model.onnx'), bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const manifest = {
    id,
    version: '1.0.0',
    name: id,
    description: 'A pack of a test',
    task: 'text-to-image',
    family: 'diffusers',
    inputs: INPUTS,
    precision: 'fp32',
    licence: { spdx: 'Apache-2.0', commercialUse: true },
    source: { kind: 'test' },
    memoryMiB: 1,
    files: [{ path: 'unet/model.onnx', bytes: bytes.length, sha256 }],
    ...change,
  };
  writeFileSync(join(pack, 'pack.json'), JSON.stringify(manifest));
  return pack;
}

const load = (root: string) => PackRegistry.load([root]);

test('files are called by their paths, and the engine is told the folder', async () => {
  const root = folder();
  const pack = write(root, 'drawer');
  const registry = await load(root);
  expect(registry.enginePacks()).toEqual([]);
  expect(registry.enginePacks(registry.generators())).toEqual([
    {
      id: 'drawer',
      task: 'text-to-image',
      family: 'diffusers',
      folder: pack,
      files: { 'unet/model.onnx': join(pack, 'unet', 'model.onnx') },
      inputs: INPUTS,
      memoryMib: 1,
      bytes: 15,
    },
  ]);
});

describe('refused with one line', () => {
  test('a file of a component that the manifest does not list', async () => {
    const root = folder();
    writeFileSync(join(write(root, 'drawer'), 'unet', 'extra.json'), '{}');
    await expect(load(root)).rejects.toThrow(/unet\/extra\.json is not in its pack\.json/);
  });

  test('a component that is a link to a folder elsewhere', async () => {
    const root = folder();
    const pack = write(root, 'drawer');
    const elsewhere = join(folder(), 'unet');
    renameSync(join(pack, 'unet'), elsewhere);
    symlinkSync(elsewhere, join(pack, 'unet'));
    await expect(load(root)).rejects.toThrow(/unet is no plain folder/);
  });

  test.each([
    ['no size', { ...INPUTS, nativeSizePx: undefined }, /nativeSizePx/],
    [
      'a default above the maximum',
      { ...INPUTS, steps: { default: 5, max: 4 } },
      /default is above/,
    ],
    ['an ability that there is not', { ...INPUTS, supports: ['inpaint'] }, /supports/],
    ['a negative prompt without guidance', { ...INPUTS, supports: ['negativePrompt'] }, /guidance/],
    ['an unknown key', { ...INPUTS, size: 1 }, /size/],
  ])('%s', async (_name, inputs, reason) => {
    const root = folder();
    write(root, 'drawer', { inputs });
    await expect(load(root)).rejects.toThrow(reason);
  });

  test('a family that makes no pictures of prompts', async () => {
    const root = folder();
    write(root, 'drawer', { family: 'salient-object' });
    await expect(load(root)).rejects.toThrow(/Expected the family "diffusers"/);
  });

  test('a path that is given twice', async () => {
    const root = folder();
    const file = { path: 'unet/model.onnx', bytes: 15, sha256: '0'.repeat(64) };
    write(root, 'drawer', { files: [file, { ...file, role: 'again' }] });
    await expect(load(root)).rejects.toThrow(/a path is given twice/);
  });
});

test("a text and a downloader's hidden folder beside the components are no fault", async () => {
  const root = folder();
  const pack = write(root, 'drawer');
  writeFileSync(join(pack, 'MODEL_CARD.md'), '# Card');
  mkdirSync(join(pack, '.cache', 'hub'), { recursive: true });
  writeFileSync(join(pack, '.cache', 'hub', 'unet.lock'), '');
  expect((await load(root)).generators()).toHaveLength(1);
});

describe('model ids', () => {
  const EDITOR = { task: 'image-editing', inputs: { ...INPUTS, supports: ['reference'] } };
  const chosen = async (root: string, entries: readonly string[] = []) => {
    const packs = ModelPacks.choose(await load(root), MODEL_IDS, entries);
    return MODEL_IDS.map((id) => packs.packFor(id)?.manifest.id);
  };

  test('have no pack while none is installed', async () => {
    expect(await chosen(folder())).toEqual([undefined, undefined, undefined]);
  });

  test('are answered by the last pack that draws, the editor by one that edits', async () => {
    const root = folder();
    write(root, 'a-drawer');
    write(root, 'b-drawer');
    expect(await chosen(root)).toEqual(['b-drawer', 'b-drawer', 'b-drawer']);
    write(root, 'c-editor', EDITOR);
    expect(await chosen(root)).toEqual(['b-drawer', 'c-editor', 'b-drawer']);
  });

  test('are all answered by an editor where there is nothing else', async () => {
    const root = folder();
    write(root, 'editor', EDITOR);
    expect(await chosen(root)).toEqual(['editor', 'editor', 'editor']);
  });

  test('are answered by what the operator chose, and only that is loaded', async () => {
    const root = folder();
    for (const id of ['a', 'b', 'c']) write(root, id);
    const entries = ['flux-2-pro=a', 'seeddream=a', 'flux-2-max=b'];
    expect(await chosen(root, entries)).toEqual(['a', 'a', 'b']);
    const { used } = ModelPacks.choose(await load(root), MODEL_IDS, entries);
    expect(used.map(({ manifest }) => manifest.id)).toEqual(['a', 'b']);
  });

  test.each([
    [['flux-2-pro=none'], /none is no installed text-to-image pack \(installed: a\)/],
    [['flux-3=a'], /flux-3 is none of flux-2-pro, seeddream, flux-2-max/],
    [['seeddream=a', 'seeddream=a'], /names seeddream twice/],
  ])('%j is refused', async (entries, reason) => {
    const root = folder();
    write(root, 'a');
    await expect(chosen(root, entries)).rejects.toThrow(reason);
  });
});
