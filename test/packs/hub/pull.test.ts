/** A pack from the catalogue to its folder. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CatalogueEntry } from '../../../src/packs/catalogue.ts';
import { readPackLock } from '../../../src/packs/hub/pack-lock.ts';
import { type PullParts, pullPack } from '../../../src/packs/hub/pull.ts';
import { problemOf, readPackFolders } from '../../../src/packs/installed.ts';
import { PackRegistry } from '../../../src/packs/registry.ts';
import { clientsOf, filesIn, scratch } from './fixture.ts';
import { bytesOf, COMMIT, REPOSITORY, sha256Of, status, TestHub } from './test-hub.ts';

const MODEL = bytesOf(50_000);
const NOTES = Buffer.from('{"size": 320}');
const FILES = { 'onnx/model.onnx': MODEL, 'config.json': NOTES, 'README.md': Buffer.from('# Hi') };

const ENTRY: CatalogueEntry = {
  ...{ id: 'dishes', version: '1.0.0', name: 'Dishes', description: 'Finds dishes.' },
  ...{ task: 'segmentation', family: 'salient-object', precision: 'fp32', memoryMiB: 10 },
  inputs: { sizePx: 320, mean: [0, 0, 0], std: [1, 1, 1] },
  licence: { spdx: 'Apache-2.0', commercialUse: true },
  ...{ repository: REPOSITORY, revision: 'main' },
  files: [
    { from: 'onnx/model.onnx', path: 'model.onnx', role: 'model' },
    { from: 'config.json', path: 'settings.json', role: 'settings' },
  ],
  ...{ verified: null, facts: [] },
};
const CLOSED: CatalogueEntry = {
  ...ENTRY,
  licence: { spdx: 'CC-BY-NC-4.0', commercialUse: false },
};

async function bench() {
  const hub = await TestHub.start(FILES);
  const packsDir = scratch();
  const pull = (entry = ENTRY, parts: Partial<PullParts> = {}) =>
    pullPack(entry, { ...clientsOf(hub), hubUrl: hub.url, packsDir, ...parts });
  const problems = () => Promise.all(readPackFolders([packsDir]).map(problemOf));
  return { hub, packsDir, pull, problems, place: join(packsDir, 'dishes') };
}

describe('a pull', () => {
  it('makes a pack that the server loads, and a lock that says where it is from', async () => {
    const { hub, packsDir, pull, problems, place } = await bench();
    const bytes = MODEL.length + NOTES.length;
    expect(await pull()).toEqual({ folder: place, commit: COMMIT, bytes });
    expect(filesIn(packsDir)).toEqual(
      ['model.onnx', 'pack.json', 'pack.lock.json', 'settings.json'].map((n) => `dishes/${n}`),
    );
    const { packs } = await PackRegistry.load([packsDir]);
    expect(packs[0]?.manifest).toMatchObject({
      id: 'dishes',
      source: { kind: 'hub', repository: REPOSITORY, revision: COMMIT },
      files: [
        { role: 'model', path: 'model.onnx', bytes: MODEL.length, sha256: sha256Of(MODEL) },
        { role: 'settings', path: 'settings.json', bytes: NOTES.length, sha256: sha256Of(NOTES) },
      ],
    });
    expect(readPackLock(place)).toMatchObject({
      ...{ hubUrl: hub.url, repository: REPOSITORY, revision: 'main', commit: COMMIT },
      files: [
        { from: 'onnx/model.onnx', path: 'model.onnx', sha256: sha256Of(MODEL) },
        { from: 'config.json', path: 'settings.json', sha256: sha256Of(NOTES) },
      ],
    });
    expect(await problems()).toEqual([undefined]);
  });

  it('makes a folder of components, named as the pack has them', async () => {
    const { packsDir, pull } = await bench();
    const inputs = {
      ...{ nativeSizePx: 64, steps: { default: 1, max: 4 }, guidanceScale: { default: 0, max: 0 } },
      supports: [],
    };
    const files = [
      { from: 'onnx/model.onnx', path: 'transformer/model.onnx' },
      { from: 'config.json', path: 'transformer/config.json' },
    ];
    await pull({ ...ENTRY, task: 'text-to-image', family: 'diffusers', inputs, files });
    const registry = await PackRegistry.load([packsDir]);
    expect(registry.generators().map(({ manifest }) => manifest.files)).toMatchObject([
      [
        { path: 'transformer/model.onnx', sha256: sha256Of(MODEL) },
        { path: 'transformer/config.json' },
      ],
    ]);
  });

  it('that fails leaves no pack, and the next goes on with what is there', async () => {
    const { hub, packsDir, pull, place } = await bench();
    hub.faults.push(status(404));
    await expect(pull()).rejects.toThrow(/answers 404/);
    expect(existsSync(place)).toBe(false);
    expect((await PackRegistry.load([packsDir])).packs).toEqual([]);
    writeFileSync(join(packsDir, '.staging-dishes', 'pack', 'of-yesterday.onnx'), 'x');
    await pull();
    expect(filesIn(packsDir)).toHaveLength(4);
    hub.files.set('config.json', Buffer.from('{"size": 640}'));
    hub.commit = 'decade'.padEnd(40, '0');
    expect((await pull()).commit).toBe(hub.commit);
    expect(filesIn(packsDir)).toHaveLength(4);
    expect(readFileSync(join(place, 'settings.json'), 'utf8')).toBe('{"size": 640}');
  });

  it('keeps what is installed when a newer one cannot be had', async () => {
    const { hub, pull, problems, place } = await bench();
    await pull();
    hub.commit = 'decade'.padEnd(40, '0');
    hub.faults.push(status(404), status(404));
    await expect(pull()).rejects.toThrow(/answers 404/);
    expect(readPackLock(place)?.commit).toBe(COMMIT);
    expect(await problems()).toEqual([undefined]);
  });

  it('killed while it replaced a pack gives the old one back, also when the hub is gone', async () => {
    const { hub, packsDir, pull, problems, place } = await bench();
    await pull();
    mkdirSync(join(packsDir, '.staging-dishes'));
    renameSync(place, join(packsDir, '.staging-dishes', 'old'));
    await expect(pull(ENTRY, clientsOf(hub, { isOffline: true }))).rejects.toThrow(/OFFLINE/);
    expect(await problems()).toEqual([undefined]);
    expect(readdirSync(packsDir)).toEqual(['dishes']);
  });

  it('replaces no pack that somebody made', async () => {
    const { hub, pull, place } = await bench();
    mkdirSync(place);
    writeFileSync(join(place, 'pack.json'), '{}');
    await expect(pull()).rejects.toThrow(`${place} is there and was not pulled.`);
    expect(hub.requests).toEqual([]);
  });

  it('waits for nobody: another pull of the same pack is refused', async () => {
    const { packsDir, pull } = await bench();
    const work = join(packsDir, '.staging-dishes');
    mkdirSync(work);
    const held = (pid: number) =>
      writeFileSync(join(work, 'lock'), JSON.stringify({ pid, host: 'elsewhere.example' }));
    held(1);
    await expect(pull()).rejects.toThrow(`Another process is installing dishes just now.`);
    writeFileSync(join(work, 'lock'), '{"pid":'); // cut off by a kill
    await pull();
  });
});

describe('the catalogue', () => {
  it.each([
    [
      'a file that is not there',
      { from: 'gone.onnx' },
      /There is no gone\.onnx of kitchen\/dishes at/,
    ],
    [
      'another size',
      { bytes: 7 },
      /onnx\/model\.onnx .* has 50000 bytes on the hub, the catalogue says 7/,
    ],
    [
      'another hash',
      { sha256: 'a'.repeat(64) },
      /another SHA-256 on the hub than the catalogue says/,
    ],
  ])('is believed before the hub: %s', async (_name, change, expected) => {
    const { hub, pull } = await bench();
    const file = { from: 'onnx/model.onnx', path: 'model.onnx', role: 'model', ...change };
    await expect(pull({ ...ENTRY, files: [file] })).rejects.toThrow(expected);
    expect(hub.bytesRequests('onnx/model.onnx')).toEqual([]);
  });

  it('is believed before what is sent for a small file', async () => {
    const { pull } = await bench();
    const file = { from: 'config.json', path: 'c.json', role: 'c', sha256: 'a'.repeat(64) };
    await expect(pull({ ...ENTRY, files: [file] })).rejects.toThrow(/does not have the hash/);
  });
});

describe('a licence without commercial use', () => {
  it.each([undefined, 'CC-BY-4.0'])('is refused when %s is accepted', async (acceptedLicence) => {
    const { hub, pull } = await bench();
    await expect(pull(CLOSED, { acceptedLicence })).rejects.toThrow(
      'dishes may not be used commercially: its licence is CC-BY-NC-4.0. If you may use it, say so with --accept-licence CC-BY-NC-4.0.',
    );
    expect(hub.requests).toEqual([]);
  });

  it('is accepted by its name, which the lock keeps', async () => {
    const { pull, place } = await bench();
    await pull(CLOSED, { acceptedLicence: 'CC-BY-NC-4.0' });
    expect(readPackLock(place)?.acceptedLicence).toBe('CC-BY-NC-4.0');
  });
});

describe('verification of a pulled pack', () => {
  it.each([
    ['a changed file', 'model.onnx', 'x', /model\.onnx has 1 bytes, its manifest says/],
    ['a lock that cannot be read', 'pack.lock.json', '{', /pack\.lock\.json cannot be used/],
    ['a manifest that cannot be read', 'pack.json', '{', /pack\.json cannot be used/],
  ])('finds %s', async (_name, file, text, expected) => {
    const { pull, problems, place } = await bench();
    await pull();
    writeFileSync(join(place, file), text);
    expect(await problems()).toEqual([expect.stringMatching(expected)]);
  });

  it.each([
    [
      'replaced together with its manifest',
      /settings\.json in pack\.json is not the file/,
      (files: object[]) => {
        files[1] = {
          role: 'settings',
          path: 'settings.json',
          bytes: 2,
          sha256: sha256Of(Buffer.from('{}')),
        };
      },
    ],
    [
      'left out',
      /settings\.json was pulled and is not in pack\.json/,
      (files: object[]) => {
        files.pop();
      },
    ],
    [
      'added',
      /added\.json is in pack\.json and was not pulled/,
      (files: object[]) => {
        files.push({
          role: 'added',
          path: 'added.json',
          bytes: 2,
          sha256: sha256Of(Buffer.from('{}')),
        });
      },
    ],
  ])('finds a file that was %s', async (_name, expected, change) => {
    const { pull, problems, place } = await bench();
    await pull();
    writeFileSync(join(place, 'settings.json'), _name === 'added' ? NOTES : '{}');
    writeFileSync(join(place, 'added.json'), '{}');
    const manifest = JSON.parse(readFileSync(join(place, 'pack.json'), 'utf8'));
    change(manifest.files);
    writeFileSync(join(place, 'pack.json'), JSON.stringify(manifest));
    expect(await problems()).toEqual([expect.stringMatching(expected)]);
  });
});
