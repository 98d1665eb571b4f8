import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Ballast } from '../../src/results/ballast.ts';

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
