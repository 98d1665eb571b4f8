/** Databases of earlier versions, brought up to date with what is in them. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { ApiKeysTable } from '../../src/store/api-keys-table.ts';
import { Database } from '../../src/store/database.ts';
import { DayCountsTable } from '../../src/store/day-counts-table.ts';

const FIRST = new URL('../../src/store/migrations/001_initial.sql', import.meta.url);

/** A database as the first version left it, with these rows. */
function firstVersion(rows: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'garnish-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'garnish.db');
  const sqlite = new Sqlite(path);
  sqlite.exec(readFileSync(FIRST, 'utf8'));
  sqlite.exec(rows);
  sqlite.pragma('user_version = 1');
  sqlite.close();
  return path;
}

test('keys and day counts from before the sandbox are no sandbox ones', () => {
  const database = Database.open(
    firstVersion(`INSERT INTO accounts VALUES ('acc_a', '', 'pro', 'active', NULL, NULL, NULL, 0);
      INSERT INTO api_keys VALUES ('key_a', 'acc_a', x'00', 'last', '', 'read', NULL, NULL, NULL, 0);
      INSERT INTO day_counts VALUES ('acc_a', 20000, 7);`),
  );
  onTestFinished(() => database.close());
  expect(new ApiKeysTable(database).byAccount('acc_a')).toMatchObject([{ isSandbox: 0 }]);
  const paid = new DayCountsTable(database, 'paid');
  const sandbox = new DayCountsTable(database, 'sandbox');
  expect(paid.list(20_000)).toEqual([{ accountId: 'acc_a', day: 20_000, count: 7 }]);
  expect(sandbox.list(20_000)).toEqual([]);
  sandbox.put({ accountId: 'acc_a', day: 20_000, count: 2 });
  expect(paid.list(20_000)).toMatchObject([{ count: 7 }]);
  expect(sandbox.list(20_000)).toMatchObject([{ count: 2 }]);
});
