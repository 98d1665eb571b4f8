import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Database } from '../../src/store/database.ts';
import { MARCH, testBooks } from '../accounts/fixture.ts';

function scratchPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'garnish-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'new', 'garnish.db');
}

const ACCOUNT = ['acc_a', 'name', 'pro', 'active'] as const;

function opened(path: string): Database {
  const database = Database.open(path);
  onTestFinished(() => database.close());
  return database;
}

test('a file is opened with WAL, synchronous=FULL and foreign keys, in a folder for its owner only', () => {
  const path = scratchPath();
  const database = opened(path);
  expect(database.pragma('journal_mode')).toBe('wal');
  expect(database.pragma('synchronous')).toBe(2);
  expect(database.pragma('foreign_keys')).toBe(1);
  expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700);
});

test('a second opening finds the schema there and changes nothing', () => {
  const path = scratchPath();
  const first = opened(path);
  first.prepare('INSERT INTO accounts VALUES (?, ?, ?, ?, 0, 0, 0, 0)').run(...ACCOUNT);
  const second = opened(path);
  expect(second.pragma('user_version')).toBe(first.pragma('user_version'));
  expect(second.prepare('SELECT * FROM accounts').all()).toHaveLength(1);
});

test('a schema that is newer than the program is refused', () => {
  const path = scratchPath();
  opened(path).pragma('user_version = 99');
  expect(() => Database.open(path)).toThrow(/has schema 99, this program knows \d+/);
});

describe('append-only', () => {
  test.each([
    ['UPDATE ledger SET amount = 0', 'the ledger is append-only'],
    ['DELETE FROM ledger', 'the ledger is append-only'],
    ["UPDATE job_outcomes SET outcome = 'voided'", 'outcomes are final'],
    ['DELETE FROM job_outcomes', 'outcomes are final'],
  ])('%s is refused', (sql, message) => {
    const { accounts, ledger, reserve, database } = testBooks();
    const { id } = accounts.create({ plan: 'starter' }, MARCH);
    ledger.settle(reserve(id, 1), id);
    const before = ledger.history(id);
    expect(() => database.prepare(sql).run()).toThrow(message);
    expect(ledger.history(id)).toEqual(before);
    expect(ledger.usedThisMonth(id)).toBe(1);
  });
});

describe('transaction', () => {
  function rows() {
    const database = opened(':memory:');
    const insert = database.prepare('INSERT INTO accounts VALUES (?, ?, ?, ?, 0, 0, 0, 0)');
    const all = database.prepare<{ id: string }>('SELECT id FROM accounts ORDER BY id');
    const put = (id: string) => insert.run(id, ...ACCOUNT.slice(1));
    return { database, put, ids: () => all.all().map(({ id }) => id) };
  }
  const fail = () => {
    throw new Error('no');
  };

  test('a failure undoes everything in it', () => {
    const { database, put, ids } = rows();
    expect(() =>
      database.transaction(() => {
        put('a');
        database.transaction(() => put('b'));
        fail();
      }),
    ).toThrow('no');
    expect(ids()).toEqual([]);
  });

  test('a failure inside another one that is caught there undoes the inner one only', () => {
    const { database, put, ids } = rows();
    database.transaction(() => {
      put('a');
      expect(() =>
        database.transaction(() => {
          put('b');
          fail();
        }),
      ).toThrow('no');
      put('c');
    });
    expect(ids()).toEqual(['a', 'c']);
  });

  test('it gives what the work gives', () => {
    expect(rows().database.transaction(() => 42)).toBe(42);
  });
});

test('an entry of an account that is not there is refused by the foreign key', () => {
  const database = opened(':memory:');
  const insert = database.prepare(`INSERT INTO ledger (account_id, kind, bucket, amount, period,
    created_at) VALUES ('acc_none', 'grant', 'granted', 1, '2026-03', 0)`);
  expect(() => insert.run()).toThrow(/FOREIGN KEY/);
});
