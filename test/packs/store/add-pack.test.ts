/** Packs from folders. */
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { problemOf, readPackFolders } from '../../../src/packs/installed.ts';
import { unsealedFilesOf } from '../../../src/packs/manifest.ts';
import { readPackOrigin } from '../../../src/packs/pack-origin.ts';
import { type AddParts, addPack } from '../../../src/packs/store/add-pack.ts';
import { filesIn, scratch } from '../hub/fixture.ts';
import { sealOf, writePack } from './fixture.ts';

let root: string;
let packsDir: string;
beforeEach(() => {
  root = scratch();
  packsDir = join(root, 'packs');
});

const add = (folder: string, change: Partial<AddParts> = {}) =>
  addPack(folder, {
    ...{ packsDir, isReplacing: false, signal: new AbortController().signal },
    ...change,
  });

describe('a pack of a folder', () => {
  it('is copied, sealed and whole, its licence beside it and its source untouched', async () => {
    const source = writePack(root, 'soup', { 'model.onnx': 2_500_000, 'more/data.bin': 10 });
    writeFileSync(join(source, 'LICENSE'), 'Do as you like.');
    writeFileSync(join(source, 'notes.txt'), 'mine');
    const before = readFileSync(join(source, 'pack.json'), 'utf8');
    const progress: number[] = [];
    const added = await add(source, { onProgress: ({ doneBytes }) => progress.push(doneBytes) });
    expect(added).toEqual({ id: 'soup', folder: join(packsDir, 'soup'), bytes: 2_500_025 });
    expect(progress.at(-1)).toBe(2_500_025);
    expect(filesIn(packsDir)).toEqual(
      ['LICENSE', 'model.onnx', 'more/data.bin', 'pack.json', 'pack.origin.json'].map((name) =>
        join('soup', name),
      ),
    );
    const [pack] = readPackFolders([packsDir]);
    expect(
      pack?.manifest?.files.map(({ path, bytes, sha256 }) => ({ path, bytes, sha256 })),
    ).toEqual(
      ['model.onnx', 'more/data.bin'].map((path) => ({
        ...{ path, ...sealOf(readFileSync(join(source, path))) },
      })),
    );
    expect(pack && (await problemOf(pack))).toBeUndefined();
    expect(pack?.manifest && unsealedFilesOf(pack.manifest)).toEqual([]);
    expect(readPackOrigin(added.folder)).toMatchObject({ how: 'added' });
    expect(readFileSync(join(source, 'pack.json'), 'utf8')).toBe(before);
  });

  it('replaces one of its id only when that is asked for', async () => {
    await add(writePack(root, 'soup'));
    const other = writePack(join(root, 'other'), 'soup', { 'model.onnx': 7 });
    await expect(add(other)).rejects.toThrow(/^soup 1\.0\.0 is in .* already\. .*--replace\.$/);
    await add(other, { isReplacing: true });
    expect(filesIn(packsDir)).toHaveLength(3);
    expect(readFileSync(join(packsDir, 'soup', 'model.onnx'))).toHaveLength(7);
    await expect(add(writePack(root, 'garnish-cutout'))).rejects.toThrow('already');
  });

  it('seals a pack that lies in its place by replacing it', async () => {
    const folder = writePack(packsDir, 'soup');
    await add(folder, { isReplacing: true });
    const [pack, ...others] = readPackFolders([packsDir]);
    expect(others).toEqual([]);
    expect(pack?.manifest && unsealedFilesOf(pack.manifest)).toEqual([]);
    renameSync(folder, join(packsDir, 'stew'));
    await expect(add(join(packsDir, 'stew'), { isReplacing: true })).rejects.toThrow(
      'stew has the id soup. Call the folder soup, or move it away.',
    );
  });

  it('takes its place only after the run that it is given succeeded', async () => {
    const tryOut = async (manifest: { id: string }, folder: string) => {
      expect(manifest.id).toBe('soup');
      expect(existsSync(join(folder, 'model.onnx'))).toBe(true);
      throw new Error('The graph is none.');
    };
    await expect(add(writePack(root, 'soup'), { tryOut })).rejects.toThrow('The graph is none.');
    expect(filesIn(packsDir)).toEqual([]);
  });

  it('leaves nothing when it is stopped, and keeps the pack that it was to replace', async () => {
    await add(writePack(root, 'soup', { 'model.onnx': 7 }));
    const stopping = new AbortController();
    const stopped = add(writePack(join(root, 'other'), 'soup'), {
      isReplacing: true,
      signal: stopping.signal,
      onProgress: () => stopping.abort(new Error('Stopped.')),
    });
    await expect(stopped).rejects.toThrow('Stopped.');
    expect(filesIn(packsDir)).toHaveLength(3);
    expect(readFileSync(join(packsDir, 'soup', 'model.onnx'))).toHaveLength(7);
  });

  it('is refused while the disk has no room for it', async () => {
    const freeBytes = async () => 64 * 1024 * 1024 + 2_499_999;
    await expect(add(writePack(root, 'soup'), { freeBytes })).rejects.toThrow('2.5 MB and 67.1 MB');
    expect(filesIn(packsDir)).toEqual([]);
  });

  it('without commercial use is taken when its licence is accepted by its name', async () => {
    const licence = { spdx: 'CC-BY-NC-4.0', commercialUse: false };
    const source = writePack(root, 'soup', undefined, { licence });
    await expect(add(source)).rejects.toThrow('--accept-licence CC-BY-NC-4.0');
    await expect(add(source, { acceptedLicence: 'CC-BY-4.0' })).rejects.toThrow('--accept-licence');
    const { folder } = await add(source, { acceptedLicence: 'CC-BY-NC-4.0' });
    expect(readPackOrigin(folder)?.acceptedLicence).toBe('CC-BY-NC-4.0');
  });
});

describe('a folder is refused', () => {
  const MODEL = { 'model.onnx': 10 };
  it.each([
    [
      'a file that is not there',
      { files: [{ role: 'model', path: 'gone.onnx' }] },
      /gone\.onnx is missing/,
    ],
    [
      'a path that leaves it',
      { files: [{ role: 'model', path: '../model.onnx' }] },
      /files\[0\]\.path/,
    ],
    [
      'another size',
      { files: [{ role: 'model', path: 'model.onnx', ...sealOf(Buffer.from('x')) }] },
      /not the file/,
    ],
    [
      'another hash',
      { files: [{ role: 'model', path: 'model.onnx', bytes: 10, sha256: 'a'.repeat(64) }] },
      /model\.onnx is not the file that its pack\.json lists/,
    ],
    ['a family without code', { family: 'soup-finder' }, /"soup-finder", expected one for segm/],
    ['no licence', { licence: undefined }, /licence/],
    [
      'two names that are one on some disks',
      { files: [{ role: 'model', path: 'model.onnx' }, { path: 'Model.onnx' }] },
      /Model\.onnx is there twice/,
    ],
    [
      'a file with the name of the manifest',
      { files: [{ role: 'model', path: 'pack.json' }] },
      /may be called/,
    ],
    [
      'a file that is a folder too',
      { files: [{ role: 'model', path: 'model.onnx' }, { path: 'model.onnx/a' }] },
      /is a file and a folder/,
    ],
  ])('that has %s', async (_name, change, expected) => {
    const source = writePack(root, 'soup', MODEL, change);
    await expect(add(source)).rejects.toThrow(expected);
    expect(filesIn(packsDir)).toEqual([]);
  });

  it('of a folder that is not there', async () => {
    const nowhere = join(root, 'nowhere');
    await expect(add(nowhere)).rejects.toThrow(`There is no folder ${nowhere}.`);
  });

  it('that has a link in place of a file or of a folder', async () => {
    const source = writePack(root, 'soup', { 'a/model.onnx': 10 });
    rmSync(join(source, 'a', 'model.onnx'));
    symlinkSync('/etc/hostname', join(source, 'a', 'model.onnx'));
    await expect(add(source)).rejects.toThrow('model.onnx is missing or no plain file');
    rmSync(join(source, 'a'), { recursive: true });
    mkdirSync(join(root, 'elsewhere'));
    writeFileSync(join(root, 'elsewhere', 'model.onnx'), 'x');
    symlinkSync(join(root, 'elsewhere'), join(source, 'a'));
    await expect(add(source)).rejects.toThrow('is no plain folder');
    expect(filesIn(packsDir)).toEqual([]);
  });
});
