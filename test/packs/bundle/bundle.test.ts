/** Packs out of one folder and into another by one signed file. */
import {
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { MAGIC, PREFIX_BYTES } from '../../../src/packs/bundle/header.ts';
import { openBundle } from '../../../src/packs/bundle/open-bundle.ts';
import { readPackLock } from '../../../src/packs/hub/pack-lock.ts';
import { problemOf, readPackFolders } from '../../../src/packs/installed.ts';
import { readPackOrigin } from '../../../src/packs/pack-origin.ts';
import { filesIn, scratch } from '../hub/fixture.ts';
import { COMMIT, REPOSITORY } from '../hub/test-hub.ts';
import { sealOf, writePack } from '../store/fixture.ts';
import { entryOf, exportAs, importInto, signerOf, writeBundle } from './fixture.ts';

let from: string;
let to: string;
let packsDir: string;
let bundle: string;
beforeEach(() => {
  from = scratch();
  to = scratch();
  packsDir = join(to, 'packs');
  bundle = join(from, 'out', 'a.bundle');
});

/** Write a lock as a pull does. */
function writeLock(folder: string): void {
  const files = ['model.onnx', 'more/data.bin'].map((path) => ({
    ...{ from: path, path, ...sealOf(readFileSync(join(folder, path))) },
  }));
  const lock = {
    ...{ lockVersion: 1, hubUrl: 'https://hub.example', repository: REPOSITORY, revision: 'main' },
    ...{ commit: COMMIT, pulledAt: '2026-01-01T00:00:00.000Z', files },
  };
  writeFileSync(join(folder, 'pack.lock.json'), JSON.stringify(lock));
}

/** Two packs, one of them pulled and with a licence, in a bundle. */
async function exportTwo(): Promise<readonly string[]> {
  const soup = writePack(from, 'soup', { 'model.onnx': 2_500_000, 'more/data.bin': 10 });
  writeLock(soup);
  writeFileSync(join(soup, 'LICENSE'), 'Do as you like.');
  writeFileSync(join(soup, 'notes.txt'), 'mine');
  const stew = writePack(from, 'stew', { 'a.bin': 1_500_000, 'b.bin': 1_500_000 });
  await exportAs(from, [soup, stew], bundle);
  return [soup, stew];
}

describe('a bundle', () => {
  it('brings packs with their locks and licences, byte for byte', async () => {
    const [soup = '', stew = ''] = await exportTwo();
    const imported = await importInto(packsDir, bundle);
    expect(imported).toEqual([
      {
        ...{ id: 'soup', folder: join(packsDir, 'soup'), bytes: 2_500_025 },
        ...{ wasThere: false, copiedBytes: 2_500_025 },
      },
      expect.objectContaining({ id: 'stew', bytes: 3_000_000 }),
    ]);
    for (const [pack, names] of [
      [soup, ['model.onnx', 'more/data.bin', 'LICENSE']],
      [stew, ['a.bin', 'b.bin']],
    ] as const) {
      for (const name of names) {
        const place = join(packsDir, pack.slice(from.length), name);
        expect(readFileSync(place).equals(readFileSync(join(pack, name))), name).toBe(true);
      }
    }
    expect(existsSync(join(packsDir, 'soup', 'notes.txt'))).toBe(false);
    expect(readPackLock(join(packsDir, 'soup'))).toEqual(readPackLock(soup));
    expect(readPackLock(join(packsDir, 'stew'))).toBeUndefined();
    expect(readPackOrigin(join(packsDir, 'soup'))).toMatchObject({
      ...{ how: 'imported', signer: signerOf(from) },
    });
    for (const pack of readPackFolders([packsDir])) expect(await problemOf(pack)).toBeUndefined();
    expect(filesIn(packsDir).filter((name) => name.startsWith('.'))).toEqual([]);
    expect(filesIn(join(from, 'out'))).toEqual(['a.bundle']);
  });

  it('that is imported again copies nothing', async () => {
    await exportTwo();
    await importInto(packsDir, bundle);
    const before = statSync(join(packsDir, 'soup', 'model.onnx'));
    const again = await importInto(packsDir, bundle);
    expect(again.map(({ wasThere, copiedBytes }) => ({ wasThere, copiedBytes }))).toEqual(
      Array.from({ length: 2 }, () => ({ wasThere: true, copiedBytes: 0 })),
    );
    expect(statSync(join(packsDir, 'soup', 'model.onnx')).ino).toBe(before.ino);
  });

  it('that was stopped goes on: what is whole is not copied again', async () => {
    await exportTwo();
    const stopping = new AbortController();
    const stopped = importInto(packsDir, bundle, {
      signal: stopping.signal,
      // In the second file of the second pack.
      onProgress: ({ doneBytes }) => {
        if (doneBytes > 4_500_000) stopping.abort(new Error('Stopped.'));
      },
    });
    await expect(stopped).rejects.toThrow('Stopped.');
    expect(filesIn(packsDir)).toContain('.staging-stew/pack/a.bin');
    expect(existsSync(join(packsDir, 'stew'))).toBe(false);
    const again = await importInto(packsDir, bundle);
    expect(again.map(({ wasThere, copiedBytes }) => ({ wasThere, copiedBytes }))).toEqual([
      { wasThere: true, copiedBytes: 0 },
      { wasThere: false, copiedBytes: 1_500_000 },
    ]);
    for (const pack of readPackFolders([packsDir])) expect(await problemOf(pack)).toBeUndefined();
    expect(filesIn(packsDir).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('does not trust a file of an earlier import that was changed since', async () => {
    await exportTwo();
    const stopping = new AbortController();
    const onProgress = ({ doneBytes }: { doneBytes: number }) => {
      if (doneBytes > 4_500_000) stopping.abort(new Error('Stopped.'));
    };
    await expect(
      importInto(packsDir, bundle, { signal: stopping.signal, onProgress }),
    ).rejects.toThrow();
    writeFileSync(join(packsDir, '.staging-stew', 'pack', 'a.bin'), Buffer.alloc(1_500_000));
    const [, stew] = await importInto(packsDir, bundle);
    expect(stew?.copiedBytes).toBe(3_000_000);
  });

  it('replaces another version of a pack only when that is asked for', async () => {
    await exportTwo();
    writePack(packsDir, 'stew', { 'a.bin': 5 });
    await expect(importInto(packsDir, bundle)).rejects.toThrow(/^stew 1\.0\.0 .*--replace\.$/);
    expect(readdirOf(packsDir)).toEqual(['stew']);
    await importInto(packsDir, bundle, { isReplacing: true });
    expect(statSync(join(packsDir, 'stew', 'a.bin')).size).toBe(1_500_000);
  });

  it('takes a pack without commercial use when its licence is accepted by its name', async () => {
    const licence = { spdx: 'CC-BY-NC-4.0', commercialUse: false };
    await exportAs(from, [writePack(from, 'soup', undefined, { licence })], bundle);
    await expect(importInto(packsDir, bundle)).rejects.toThrow('--accept-licence CC-BY-NC-4.0');
    expect(existsSync(packsDir)).toBe(false);
    const acceptedLicences = ['MIT', 'CC-BY-NC-4.0'];
    const [pack] = await importInto(packsDir, bundle, { acceptedLicences });
    expect(readPackOrigin(pack?.folder ?? '')?.acceptedLicence).toBe('CC-BY-NC-4.0');
  });

  it('is refused while the disk has no room for what is missing', async () => {
    await exportTwo();
    const freeBytes = async () => 64 * 1024 * 1024 + 5_500_024;
    await expect(importInto(packsDir, bundle, { freeBytes })).rejects.toThrow('5.5 MB and 67.1 MB');
    await expect(
      exportAs(from, [join(from, 'soup')], join(from, 'b'), { freeBytes: async () => 0 }),
    ).rejects.toThrow('are needed');
  });
});

const readdirOf = (folder: string) => [
  ...new Set(filesIn(folder).map((name) => name.split('/', 1)[0])),
];

describe('an export', () => {
  it('is not made of a pack that was changed, and never half', async () => {
    const soup = writePack(from, 'soup');
    const model = readFileSync(join(soup, 'model.onnx'));
    const files = [{ role: 'model', path: 'model.onnx', ...sealOf(model) }];
    writePack(from, 'soup', {}, { files });
    writeFileSync(join(soup, 'model.onnx'), flipped(model, 1_000_000));
    await expect(exportAs(from, [soup], bundle)).rejects.toThrow('does not have its SHA-256');
    truncateSync(join(soup, 'model.onnx'), 10);
    await expect(exportAs(from, [soup], bundle)).rejects.toThrow('its manifest says 2500000');
    rmSync(join(soup, 'model.onnx'));
    symlinkSync('/etc/hostname', join(soup, 'model.onnx'));
    await expect(exportAs(from, [soup], bundle)).rejects.toThrow('no plain file');
    expect(filesIn(join(from, 'out'))).toEqual([]);
  });

  it('overwrites nothing', async () => {
    await exportTwo();
    await expect(exportAs(from, [join(from, 'soup')], bundle)).rejects.toThrow('is there already');
  });
});

/** The same bytes but for one bit. */
function flipped(bytes: Buffer, at: number): Buffer {
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  return bytes;
}

describe('a file is refused, and nothing is written, when it', () => {
  const CONTENT = Buffer.from('a model');
  const refused = async (file: string, expected: RegExp) => {
    await expect(importInto(packsDir, file)).rejects.toThrow(expected);
    expect(existsSync(packsDir)).toBe(false);
  };
  const changed = (change: (bytes: Buffer) => Buffer) => {
    const file = writeBundle(from, [entryOf(CONTENT)], CONTENT);
    writeFileSync(file, change(readFileSync(file)));
    return file;
  };

  it.each([
    ['is something else', () => Buffer.from('PK\x03\x04'), /it is no bundle of packs\.$/],
    ['is empty', () => Buffer.alloc(0), /it is no bundle of packs/],
    [
      'is of a later version',
      (b) => Buffer.from(b.toString('latin1').replace(' 1', ' 2'), 'latin1'),
      /of version 2, this server reads version 1/,
    ],
    ['was cut off in its prefix', (b) => b.subarray(0, MAGIC.length + 10), /cut off/],
    ['was cut off in its header', (b) => b.subarray(0, PREFIX_BYTES + 10), /cut off/],
    ['was cut off in its files', (b) => b.subarray(0, -1), /has \d+ bytes, its header says \d+/],
    ['goes on after its files', (b) => Buffer.concat([b, Buffer.from('x')]), /its header says/],
    [
      'claims a header of 4 GiB',
      (b) =>
        Buffer.concat([
          b.subarray(0, MAGIC.length),
          Buffer.alloc(4, 255),
          b.subarray(MAGIC.length + 4),
        ]),
      /too long/,
    ],
    ['has another header than was signed', (b) => flipped(b, PREFIX_BYTES + 20), /signature/],
    [
      'has another key than it was signed with',
      (b) => flipped(b, MAGIC.length + 4),
      /signature|key/i,
    ],
  ] as [string, (bytes: Buffer) => Buffer, RegExp][])('%s', async (_name, change, expected) => {
    await refused(changed(change), expected);
  });

  const FILE = { role: 'model', path: 'model.onnx', ...sealOf(CONTENT) };
  const TEXT = { path: 'LICENSE', ...sealOf(CONTENT) };
  it.each([
    [
      'leads out of a pack',
      [entryOf(CONTENT, { files: [{ ...FILE, path: '../model.onnx' }] })],
      /path of plain/,
    ],
    [
      'leads to the root',
      [entryOf(CONTENT, { files: [{ ...FILE, path: '/etc/passwd' }] })],
      /path of plain/,
    ],
    ['has an id that leads out', [entryOf(CONTENT, { id: '../soup' })], /id/],
    [
      'has a text that leads out',
      [{ ...entryOf(CONTENT), texts: [{ ...TEXT, path: '../LICENSE' }] }],
      /path/,
    ],
    [
      'has a text that is none',
      [{ ...entryOf(CONTENT), texts: [{ ...TEXT, path: 'run.sh' }] }],
      /no licence text/,
    ],
    [
      'has a text in place of a file',
      [{ ...entryOf(CONTENT, { files: [{ ...FILE, path: 'LICENSE' }] }), texts: [TEXT] }],
      /LICENSE is there twice/,
    ],
    [
      'has the manifest twice',
      [entryOf(CONTENT, { files: [{ ...FILE, path: 'pack.json' }] })],
      /may be called pack\.json/,
    ],
    [
      'has a path twice',
      [entryOf(CONTENT, { files: [FILE, { ...FILE, role: 'b' }] })],
      /path is given twice/,
    ],
    ['has a pack twice', [entryOf(CONTENT), entryOf(CONTENT)], /the pack soup is there twice/],
    ['has no pack', [], /packs/],
    [
      'has a file without hash',
      [entryOf(CONTENT, { files: [{ role: 'model', path: 'model.onnx' }] })],
      /no size and hash/,
    ],
    ['has a size that is none', [entryOf(CONTENT, { files: [{ ...FILE, bytes: -1 }] })], /bytes/],
    [
      'has sizes beyond counting',
      [
        entryOf(CONTENT, {
          files: ['a', 'b'].map((path) => ({
            ...FILE,
            role: path === 'a' ? 'model' : path,
            path,
            bytes: 2 ** 53 - 1,
          })),
        }),
      ],
      /too large/,
    ],
    [
      'has a size beyond the file',
      [entryOf(CONTENT, { files: [{ ...FILE, bytes: 1e12 }] })],
      /its header says 1000000/,
    ],
    ['has a family without code', [entryOf(CONTENT, { family: 'soup-finder' })], /soup-finder/],
    [
      'asks too little of a generator',
      [entryOf(CONTENT, { task: 'text-to-image', family: 'diffusers' })],
      /steps/,
    ],
    ['has a field that nobody knows', [{ ...entryOf(CONTENT), script: 'x' }], /script/],
  ] as [string, object[], RegExp][])('%s', async (_name, packs, expected) => {
    await refused(writeBundle(from, packs, CONTENT), expected);
  });

  it('is signed by somebody unknown, who is named', async () => {
    const file = writeBundle(from, [entryOf(CONTENT)], CONTENT);
    const signer = signerOf(from);
    await expect(openBundle(file, () => false)).rejects.toThrow(`repeat with --trust ${signer}.`);
    const open = await openBundle(file, (fingerprint) => fingerprint === signer);
    await open.handle.close();
  });

  it('is a link', async () => {
    const file = writeBundle(from, [entryOf(CONTENT)], CONTENT);
    renameSync(file, `${file}.real`);
    symlinkSync(`${file}.real`, file);
    await refused(file, /it is a link/);
  });
});

it('a file that was changed inside the bundle is found, and its pack never appears', async () => {
  await exportTwo();
  const bytes = readFileSync(bundle);
  writeFileSync(bundle, flipped(bytes, bytes.length - 100)); // in b.bin of stew
  await expect(importInto(packsDir, bundle)).rejects.toThrow(
    'b.bin of stew in a.bundle does not have its SHA-256: it was changed or damaged.',
  );
  expect(existsSync(join(packsDir, 'soup', 'pack.json'))).toBe(true);
  expect(existsSync(join(packsDir, 'stew'))).toBe(false);
  expect(filesIn(packsDir)).not.toContain('.staging-stew/pack/b.bin');
});
