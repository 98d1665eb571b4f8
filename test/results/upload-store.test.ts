import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { UploadStore } from '../../src/results/upload-store.ts';
import { UploadsTable } from '../../src/store/uploads-table.ts';
import { storeFixture } from './fixture.ts';

const PUBLIC_URL = 'https://api.example';
const KEPT_MS = 1000;

function setUp(publicUrl = PUBLIC_URL) {
  const { dataDir, database } = storeFixture();
  const table = new UploadsTable(database);
  const store = new UploadStore(dataDir, publicUrl, KEPT_MS, table);
  const folder = join(dataDir, 'uploads');
  const keep = (accountId = 'acc_a', now = 0) => {
    const path = join(dataDir, 'arrived');
    writeFileSync(path, 'picture');
    return store.keep({ accountId, path, bytes: 7, widthPx: 20, heightPx: 30 }, now);
  };
  return { dataDir, table, store, folder, keep };
}

describe('keep', () => {
  test('moves the picture to a name that cannot be guessed, and records it', async () => {
    const { dataDir, table, folder, keep } = setUp();
    const { url, expiresAtMs } = await keep('acc_a', 500);
    expect(url).toMatch(/^https:\/\/api\.example\/uploads\/[a-z0-9]{26}$/);
    expect(expiresAtMs).toBe(1500);
    const id = url.slice(-26);
    expect(readFileSync(join(folder, id), 'utf8')).toBe('picture');
    expect(existsSync(join(dataDir, 'arrived'))).toBe(false);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(table.get(id)).toEqual({
      id,
      accountId: 'acc_a',
      bytes: 7,
      width: 20,
      height: 30,
      createdAt: 500,
      expiresAt: 1500,
    });
    expect((await keep()).url).not.toBe(url);
  });

  test('records nothing when the picture cannot be moved', async () => {
    const { dataDir, store, table, folder } = setUp();
    const upload = { accountId: 'acc_a', bytes: 7, widthPx: 20, heightPx: 30 };
    await expect(store.keep({ ...upload, path: join(dataDir, 'none') }, 0)).rejects.toThrow(
      'ENOENT',
    );
    expect(table.listExpired(Number.MAX_SAFE_INTEGER, 10)).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('moves nothing that cannot be recorded, so that no file is left for ever', async () => {
    const { dataDir, store, folder } = setUp();
    const path = join(dataDir, 'arrived');
    writeFileSync(path, 'picture');
    const stranger = { accountId: 'acc_none', path, bytes: 7, widthPx: 20, heightPx: 30 };
    await expect(store.keep(stranger, 0)).rejects.toThrow('FOREIGN KEY');
    expect([readdirSync(folder), existsSync(path)]).toEqual([[], true]);
  });
});

describe('find', () => {
  test.each([
    'https://api.example',
    'https://api.example/',
    'http://127.0.0.1:8787',
    'https://x.example/api/v1/',
  ])('leads from an address below %s to the file', async (publicUrl) => {
    const { store, folder, keep } = setUp(publicUrl);
    const { url } = await keep();
    expect(store.find(new URL(url), 'acc_a', 0)).toBe(join(folder, url.slice(-26)));
  });

  test('shows it to its account only, and only until its time has come', async () => {
    const { store, keep } = setUp();
    const url = new URL((await keep()).url);
    expect(store.find(url, 'acc_b', 0)).toBe('missing');
    expect(store.find(url, 'acc_a', KEPT_MS - 1)).not.toBe('missing');
    expect(store.find(url, 'acc_a', KEPT_MS)).toBe('missing');
    expect(store.find(new URL(`${PUBLIC_URL}/uploads/${'a'.repeat(26)}`), 'acc_a', 0)).toBe(
      'missing',
    );
  });

  test.each([
    (id: string) => `https://other.example/uploads/${id}`,
    (id: string) => `http://api.example/uploads/${id}`,
    (id: string) => `https://api.example:8443/uploads/${id}`,
    (id: string) => `https://api.example/uploads//${id}`,
    (id: string) => `https://api.example/uploads/${id}/`,
    (id: string) => `https://api.example/uploads/${id}a`,
    (id: string) => `https://api.example/uploads/${id.toUpperCase()}A`,
    (id: string) => `https://api.example/uploads/x%2f..%2f${id}`,
    (id: string) => `https://api.example/x/uploads/${id}`,
    () => 'https://api.example/uploads/..%2fgarnish.db',
    () => 'https://api.example/uploads/',
    () => 'https://api.example/uploads',
  ])('takes no other address for one: %s', async (spell) => {
    const { store, keep } = setUp();
    const id = (await keep()).url.slice(-26);
    expect(store.find(new URL(spell(id)), 'acc_a', 0)).toBeUndefined();
  });
});

describe('expire', () => {
  test('deletes what is due, file and record, and nothing else', async () => {
    const { store, folder, keep, table } = setUp();
    const due = (await keep('acc_a', 0)).url.slice(-26);
    const later = (await keep('acc_b', 1)).url.slice(-26);
    expect(await store.expire(KEPT_MS)).toBe(1);
    expect(readdirSync(folder)).toEqual([later]);
    expect([table.get(due), table.get(later)?.id]).toEqual([undefined, later]);
    expect(await store.expire(KEPT_MS)).toBe(0);
  });
});
