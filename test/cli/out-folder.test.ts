/** Who holds the folder for results of `garnish run`, and what is cleared away after a killed run. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { OutFolder } from '../../src/cli/run/out-folder.ts';

function leftLock(holder: { readonly pid: number; readonly host: string }, ageS: number) {
  const folder = mkdtempSync(join(tmpdir(), 'garnish-out-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const dataDir = join(folder, 'garnish-run-left');
  mkdirSync(dataDir);
  mkdirSync(join(folder, '.garnish-run'));
  const lock = join(folder, '.garnish-run', 'lock');
  writeFileSync(lock, JSON.stringify({ ...holder, dataDir }));
  const time = new Date(Date.now() - ageS * 1000);
  utimesSync(lock, time, time);
  return { folder, dataDir, lock };
}

test.each([
  ['of a live process here', { pid: process.ppid, host: hostname() }, 5],
  ['of another machine that was heard of lately', { pid: 1, host: 'elsewhere' }, 5],
])('a lock %s is kept', async (_name, holder, ageS) => {
  const { folder, dataDir, lock } = leftLock(holder, ageS);
  await expect(OutFolder.hold(folder, '/own')).rejects.toThrow(/Another run \(process \d+ on /);
  expect(existsSync(dataDir)).toBe(true);
  expect(JSON.parse(readFileSync(lock, 'utf8'))).toMatchObject(holder);
});

test.each([
  ['of a process that is gone', { pid: 2 ** 22 + 1, host: hostname() }, 5],
  ['with the id that this process got', { pid: process.pid, host: hostname() }, 5],
  ['whose process id went to another one', { pid: process.ppid, host: hostname() }, 120],
  ['of another machine that is silent', { pid: 1, host: 'elsewhere' }, 120],
])('a lock %s is taken over, and what its run left is deleted', async (_name, holder, ageS) => {
  const { folder, dataDir, lock } = leftLock(holder, ageS);
  const out = await OutFolder.hold(folder, '/own');
  expect(existsSync(dataDir)).toBe(false);
  expect(JSON.parse(readFileSync(lock, 'utf8'))).toMatchObject({ pid: process.pid });
  out.release();
  expect(existsSync(join(folder, '.garnish-run'))).toBe(false);
});

test('nothing is deleted on the word of a lock but the data folder of a run', async () => {
  const { folder, lock } = leftLock({ pid: 2 ** 22 + 1, host: hostname() }, 5);
  const photos = join(folder, 'photos');
  mkdirSync(photos);
  writeFileSync(lock, JSON.stringify({ pid: 2 ** 22 + 1, host: hostname(), dataDir: photos }));
  (await OutFolder.hold(folder, '/own')).release();
  expect(existsSync(photos)).toBe(true);
});
