import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RESULT_KINDS, ResultStore } from '../../src/results/result-store.ts';
import { randomName } from '../../src/store/random-id.ts';
import { ResultsTable } from '../../src/store/results-table.ts';
import { sha256, storeFixture } from './fixture.ts';

const CDN = 'https://cdn.example/garnish';
const RANDOM = 'abcdefghijklmnopqrstuvwxyz';
const NAME = `nobg/${RANDOM}.png`;

function setUp(cdnUrl = CDN) {
  const { dataDir, database } = storeFixture();
  const table = new ResultsTable(database);
  const store = new ResultStore(dataDir, cdnUrl, table);
  const stage = (content = 'picture', file = `${RANDOM}.png`): string => {
    const path = join(store.stagingFolder, file);
    writeFileSync(path, content);
    return path;
  };
  const record = (name: string, expiresAt: number | null): void =>
    table.insert({
      name,
      jobId: 'bg_job',
      accountId: 'acc_a',
      bytes: 7,
      sha256: sha256('picture'),
      createdAt: 0,
      expiresAt,
    });
  return { dataDir, table, store, stage, record };
}

describe('the folders', () => {
  test('are made, staging for this user alone', () => {
    const { dataDir, store } = setUp();
    expect(readdirSync(store.folder).sort()).toEqual([...RESULT_KINDS].sort());
    expect(statSync(store.stagingFolder).mode & 0o777).toBe(0o700);
    expect(store.folder).toBe(join(dataDir, 'cdn'));
  });

  test('lose what the last run left in staging, but no source that is still wanted and not what a link there points to', () => {
    const { dataDir, table, store, stage } = setUp();
    const kept = join(dataDir, 'kept');
    writeFileSync(kept, 'kept');
    stage();
    mkdirSync(join(store.stagingFolder, 'folder', 'deep'), { recursive: true });
    symlinkSync(kept, join(store.stagingFolder, 'link'));
    symlinkSync(store.folder, join(store.stagingFolder, 'folder-link'));
    const result = store.pathOf(NAME);
    writeFileSync(result, 'picture');
    const waiting = 'w'.repeat(26);
    writeFileSync(store.sourcePathOf(waiting), 'source');
    const again = new ResultStore(dataDir, CDN, table);
    again.sweepStaging([waiting]);
    expect(readdirSync(again.stagingFolder)).toEqual([`${waiting}.source`]);
    expect([existsSync(kept), existsSync(result)]).toEqual([true, true]);
  });
});

describe('publish', () => {
  test('moves a finished file to its name', async () => {
    const { store, stage } = setUp();
    const staged = stage();
    await store.publish(staged, NAME);
    expect(existsSync(staged)).toBe(false);
    expect(readFileSync(store.pathOf(NAME), 'utf8')).toBe('picture');
    expect(await store.verify(NAME, sha256('picture'))).toBe(true);
  });

  test('leaves nothing when there is no finished file', async () => {
    const { store } = setUp();
    await expect(store.publish(join(store.stagingFolder, 'none'), NAME)).rejects.toThrow('ENOENT');
    expect(readdirSync(join(store.folder, 'nobg'))).toEqual([]);
  });
});

describe('verify', () => {
  test('tells an intact file from a changed, cut, missing or linked one', async () => {
    const { store, stage } = setUp();
    const hash = sha256('picture');
    expect(await store.verify(NAME, hash)).toBe(false);
    await store.publish(stage(), NAME);
    expect(await store.verify(NAME, hash)).toBe(true);
    for (const damaged of ['picturE', 'pictur', '']) {
      writeFileSync(store.pathOf(NAME), damaged);
      expect(await store.verify(NAME, hash)).toBe(false);
    }
    const link = 'nobg/00000000000000000000000000.png';
    symlinkSync(stage(), store.pathOf(link));
    expect(await store.verify(link, hash)).toBe(false);
    mkdirSync(store.pathOf('nobg/folder'));
    expect(await store.verify('nobg/folder', hash)).toBe(false);
  });
});

describe('addresses', () => {
  test.each([
    ['https://cdn.example', 'https://cdn.example/'],
    ['https://cdn.example/', 'https://cdn.example/'],
    ['https://cdn.example/a/b//', 'https://cdn.example/a/b/'],
    ['http://127.0.0.1:8787/cdn', 'http://127.0.0.1:8787/cdn/'],
  ])('below %s lead back to the name', (cdnUrl, prefix) => {
    const { store } = setUp(cdnUrl);
    for (const kind of RESULT_KINDS) {
      for (const format of ['jpg', 'png', 'webp'] as const) {
        const name = store.nameOf(kind, randomName(), format);
        expect(store.urlOf(name)).toBe(`${prefix}${name}`);
        expect(store.nameOfUrl(new URL(store.urlOf(name)))).toBe(name);
      }
    }
    expect(store.nameOfUrl(new URL(`${prefix}gen/${RANDOM}_3.jpg`))).toBe(`gen/${RANDOM}_3.jpg`);
  });

  test.each([
    `https://cdn.example/${NAME}`,
    `http://cdn.example/garnish/${NAME}`,
    `https://cdn.example:8443/garnish/${NAME}`,
    `https://cdn.example.evil.example/garnish/${NAME}`,
    `https://cdn.example./garnish/${NAME}`,
    `https://cdn.example/garnish${NAME}`,
    `https://cdn.example/garnish/x/../../${NAME}`,
    `https://cdn.example/garnish//${NAME}`,
    `https://cdn.example/garnish/${NAME}?x=1`,
    `https://cdn.example/garnish/${NAME}/`,
    `https://cdn.example/garnish/${NAME}%00`,
    `https://cdn.example/garnish/${NAME}.png`,
    `https://cdn.example/garnish/nobg/.tmp-${RANDOM}.png`,
    `https://cdn.example/garnish/nobg/${RANDOM}.svg`,
    `https://cdn.example/garnish/nobg/${RANDOM}.html`,
    `https://cdn.example/garnish/nobg/${RANDOM}`,
    `https://cdn.example/garnish/nobg/${RANDOM}_10.png`,
    `https://cdn.example/garnish/nobg/${RANDOM.toUpperCase()}.png`,
    `https://cdn.example/garnish/nobg/${RANDOM}a.png`,
    `https://cdn.example/garnish/nobg/${RANDOM.slice(1)}.png`,
    `https://cdn.example/garnish/other/${RANDOM}.png`,
    `https://cdn.example/garnish/nobg%2f${RANDOM}.png`,
    `https://cdn.example/garnish/nobg/..%2f..%2fgarnish.db`,
    `https://cdn.example/garnish/nobg/%2e%2e/%2e%2e/garnish.db`,
    `https://cdn.example/garnish/nobg/..%5c..%5cgarnish.db`,
    `https://cdn.example/garnish/%6eobg/${RANDOM}.png`,
    'https://cdn.example/garnish/../../etc/passwd',
    'https://cdn.example/garnish/nobg/',
    'https://cdn.example/garnish/',
  ])('that are not exactly a name are not ours: %s', (text) => {
    expect(setUp().store.nameOfUrl(new URL(text))).toBeUndefined();
  });

  test('never lead out of the folder', () => {
    const { store } = setUp();
    fc.assert(
      fc.property(fc.webPath(), (path) => {
        const url = `${CDN}${path}`;
        if (!URL.canParse(url)) return true;
        const name = store.nameOfUrl(new URL(url));
        return name === undefined || store.pathOf(name).startsWith(`${store.folder}/`);
      }),
    );
  });
});

describe('status', () => {
  test('is unknown, present until its time has come, then expired', () => {
    const { store, record } = setUp();
    expect(store.status(NAME, 0)).toBe('unknown');
    record(NAME, 1000);
    expect(store.status(NAME, 999)).toBe('present');
    expect(store.status(NAME, 1000)).toBe('expired');
  });

  test('stays present for ever without an expiry', () => {
    const { store, record } = setUp();
    record(NAME, null);
    expect(store.status(NAME, Number.MAX_SAFE_INTEGER)).toBe('present');
  });
});

describe('expire', () => {
  test('deletes what is due and nothing else, and remembers it', async () => {
    const { store, stage, record, table } = setUp();
    const names = ['a', 'b', 'c', 'd'].map((letter) => `nobg/${letter.repeat(26)}.png`);
    const [due = '', later = '', always = '', gone = ''] = names;
    for (const name of [due, later, always]) await store.publish(stage(), name);
    record(due, 1000);
    record(later, 1001);
    record(always, null);
    record(gone, 500); // its file is missing already
    expect(await store.expire(1000)).toBe(2);
    expect(names.map((name) => existsSync(store.pathOf(name)))).toEqual([false, true, true, false]);
    expect(names.map((name) => store.status(name, 0))).toEqual([
      'expired',
      'present',
      'present',
      'expired',
    ]);
    expect(table.get(due)?.deletedAt).toBe(1000);
    expect(await store.expire(1000)).toBe(0);
  });

  test('takes a bounded share at a time and gets through all', async () => {
    const { store, record } = setUp();
    for (let index = 0; index < 750; index += 1) {
      record(`nobg/${String(index).padStart(26, '0')}.png`, 1);
    }
    expect([await store.expire(2), await store.expire(2), await store.expire(2)]).toEqual([
      500, 250, 0,
    ]);
  });

  test('removes a link, never what it points to', async () => {
    const { dataDir, store, record } = setUp();
    const kept = join(dataDir, 'kept');
    writeFileSync(kept, 'kept');
    symlinkSync(kept, store.pathOf(NAME));
    record(NAME, 1);
    expect(await store.expire(2)).toBe(1);
    expect([existsSync(kept), readdirSync(join(store.folder, 'nobg'))]).toEqual([true, []]);
  });
});

test('discard removes a failed job from staging and from the CDN, and nobody else', async () => {
  const { store, stage } = setUp();
  const other = `nobg/${'z'.repeat(26)}.png`;
  await store.publish(stage(), NAME);
  await store.publish(stage('other', 'other.png'), other);
  stage('again');
  stage('kept', 'kept.png');
  await store.discard('nobg', RANDOM);
  expect(existsSync(store.pathOf(NAME))).toBe(false);
  expect(existsSync(store.pathOf(other))).toBe(true);
  expect(readdirSync(store.stagingFolder)).toEqual(['kept.png']);
  await store.discard('nobg', RANDOM); // nothing left is no failure
});
