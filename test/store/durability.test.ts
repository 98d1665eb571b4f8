import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { Database } from '../../src/store/database.ts';

const CHILD = fileURLToPath(new URL('./commit-in-a-loop.ts', import.meta.url));
const COMMITS = 20;

function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'garnish-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Tracing needs strace and a kernel that lets it. */
const canTrace = spawnSync('strace', ['-qq', '-o', '/dev/null', 'true']).status === 0;

test.skipIf(!canTrace)('every commit reaches the disk before it is acknowledged', () => {
  const folder = scratchFolder();
  const tracePath = join(folder, 'trace');
  const traced = ['-f', '-qq', '-e', 'trace=fsync,fdatasync,write', '-o', tracePath];
  const command = [process.execPath, '--import', 'tsx', CHILD, join(folder, 'a.db'), `${COMMITS}`];
  const { status } = spawnSync('strace', [...traced, ...command]);
  expect(status).toBe(0);
  const [, between] = readFileSync(tracePath, 'utf8').split('COMMITS');
  const syncs = between?.match(/\b(fsync|fdatasync)\(/g) ?? [];
  expect(syncs.length).toBeGreaterThanOrEqual(COMMITS);
});

test('every connection keeps its settings, also after it has written', () => {
  // SQLite tells FULL on a fresh file in WAL mode and falls to NORMAL with the first write, unless it is set.
  const path = join(scratchFolder(), 'garnish.db');
  for (const id of ['acc_1', 'acc_2', 'acc_3']) {
    const database = Database.open(path);
    onTestFinished(() => database.close());
    database.prepare("INSERT INTO accounts VALUES (?, '', 'pro', 'active', 0, 0, 0, 0)").run(id);
    expect({
      synchronous: database.pragma('synchronous'),
      journal_mode: database.pragma('journal_mode'),
      foreign_keys: database.pragma('foreign_keys'),
      busy_timeout: database.pragma('busy_timeout'),
    }).toEqual({ synchronous: 2, journal_mode: 'wal', foreign_keys: 1, busy_timeout: 5000 });
  }
});
