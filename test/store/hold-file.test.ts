import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { holdFile } from '../../src/store/database.ts';

const HOLDER = fileURLToPath(new URL('./hold-in-a-process.ts', import.meta.url));

function lockPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'garnish-lock-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'server.lock');
}

test('a file is held by one at a time', () => {
  const path = lockPath();
  const letGo = holdFile(path);
  expect(() => holdFile(path)).toThrow('is in use by another server.');
  letGo();
  holdFile(path)();
});

test('a folder that cannot be made is told apart from one that is held', () => {
  const taken = lockPath();
  writeFileSync(taken, 'a file where the folder should be');
  expect(() => holdFile(join(taken, 'server.lock'))).toThrow(`${taken} cannot be written.`);
});

test('a killed process holds nothing', async () => {
  const path = lockPath();
  const holder = spawn(process.execPath, ['--import', 'tsx', HOLDER, path]);
  onTestFinished(() => void holder.kill('SIGKILL'));
  await once(holder.stdout, 'data');
  expect(() => holdFile(path)).toThrow('is in use by another server.');
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  holdFile(path)();
});
