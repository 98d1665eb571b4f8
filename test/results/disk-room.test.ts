import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freeBytes } from '../../src/results/disk-room.ts';

test('free room is a whole number of bytes, more than this test needs', async () => {
  const bytes = await freeBytes(tmpdir());
  expect(Number.isSafeInteger(bytes)).toBe(true);
  expect(bytes).toBeGreaterThan(1024 * 1024);
});

test('a folder that is not there is a failure, not endless room', async () => {
  await expect(freeBytes(join(tmpdir(), 'garnish-none'))).rejects.toThrow('ENOENT');
});
