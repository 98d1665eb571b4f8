import { existsSync, mkdtempSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { isOutOfRoom } from '../../src/fetching/disk-failure.ts';
import { Ballast } from '../../src/results/ballast.ts';
import { freeBytes } from '../../src/results/disk-room.ts';
import { Database } from '../../src/store/database.ts';
import { fillDisk, mountSmallDisk } from '../support/small-disk.ts';

const BYTES = 3 * 1024 * 1024 + 17;

function setUp(free = BYTES * 2) {
  const dataDir = mkdtempSync(join(tmpdir(), 'garnish-ballast-'));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  const room = { bytes: free };
  return {
    room,
    path: join(dataDir, 'ballast'),
    ballast: new Ballast(dataDir, BYTES, async () => room.bytes),
  };
}

test('room is really taken, not only promised', async () => {
  const { ballast, path } = setUp();
  await ballast.ensure();
  const { size, blocks } = statSync(path);
  expect(size).toBe(BYTES);
  expect(blocks * 512).toBeGreaterThanOrEqual(BYTES);
});

test('it is given back once, and taken again when there is room', async () => {
  const { ballast, path, room } = setUp();
  await ballast.ensure();
  expect(ballast.release()).toBe(true);
  expect(existsSync(path)).toBe(false);
  expect(ballast.release()).toBe(false);
  room.bytes = BYTES * 2 - 1;
  await ballast.ensure();
  expect(existsSync(path)).toBe(false);
  room.bytes = BYTES * 2;
  await ballast.ensure();
  expect(existsSync(path)).toBe(true);
});

test('none is held where none is wanted', async () => {
  const { path } = setUp();
  await new Ballast(join(path, '..'), 0, async () => 1e12).ensure();
  expect(existsSync(path)).toBe(false);
});

test('half of it, as a kill leaves it, is made whole, and one that is no longer wanted goes', async () => {
  const { ballast, path } = setUp();
  await ballast.ensure();
  truncateSync(path, 1000);
  await ballast.ensure();
  expect(statSync(path).size).toBe(BYTES);
  await new Ballast(join(path, '..'), 0, async () => 1e12).ensure();
  expect(existsSync(path)).toBe(false);
});

test('on a disk that is really full, a write fails, and succeeds once it is given back', async (context) => {
  const disk = mountSmallDisk(16);
  if (disk === undefined) return context.skip('Mounting a tmpfs is not permitted here.');
  const ballast = new Ballast(disk, BYTES, () => freeBytes(disk));
  const database = Database.open(join(disk, 'garnish.db'));
  onTestFinished(() => database.close());
  database.prepare('CREATE TABLE filler (bytes BLOB)').run();
  await ballast.ensure();
  const removeFiller = fillDisk(disk);
  const write = () => database.prepare('INSERT INTO filler VALUES (zeroblob(200000))').run();
  const failure = (() => {
    try {
      return write();
    } catch (error) {
      return error;
    }
  })();
  expect(isOutOfRoom(failure)).toBe(true);
  expect(ballast.release()).toBe(true);
  write();
  await ballast.ensure();
  expect(existsSync(join(disk, 'ballast'))).toBe(false);
  removeFiller();
  await ballast.ensure();
  expect(statSync(join(disk, 'ballast')).size).toBe(BYTES);
});
