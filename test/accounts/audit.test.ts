import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { auditBooks } from '../../src/accounts/audit.ts';
import { Database } from '../../src/store/database.ts';
import { ResultsTable } from '../../src/store/results-table.ts';
import { MARCH, testBooks } from './fixture.ts';

/** A file with an open, a settled and a voided job, and the connection of someone who damages it. */
function twoConnections() {
  const folder = mkdtempSync(join(tmpdir(), 'garnish-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'garnish.db');
  const books = testBooks(path);
  const accountId = books.accounts.create({ plan: 'starter' }, MARCH).id;
  const [open, settled, voided] = [2, 3, 4].map((cost) => books.reserve(accountId, cost));
  const jobs = { open: open!, settled: settled!, voided: voided! };
  new ResultsTable(books.database).insert({
    name: `nobg/${jobs.settled.slice(3)}.png`,
    jobId: jobs.settled,
    accountId,
    bytes: 1,
    sha256: '0'.repeat(64),
    createdAt: MARCH,
    expiresAt: null,
  });
  books.ledger.settle(jobs.settled, accountId);
  books.ledger.void(jobs.voided, accountId);
  const other = Database.open(path);
  onTestFinished(() => other.close());
  const write = (sql: string, ...values: readonly (string | number | null)[]) =>
    other.prepare(sql).run(...values);
  write("UPDATE jobs SET state = 'settled' WHERE id = ?", jobs.settled);
  write("UPDATE jobs SET state = 'voided' WHERE id = ?", jobs.voided);
  const append = (jobId: string | null, kind: string, bucket: string, amount: number) =>
    write(
      `INSERT INTO ledger (account_id, job_id, kind, bucket, amount, period, created_at)
        VALUES (?, ?, ?, ?, ?, '2026-03', 0)`,
      ...[accountId, jobId, kind, bucket, amount],
    );
  return { database: books.database, accountId, jobs, write, append };
}

test('books that add up have no violation', () => {
  expect(auditBooks(twoConnections().database)).toEqual([]);
});

type Books = ReturnType<typeof twoConnections>;

describe('finds', () => {
  const damages: readonly (readonly [string, (books: Books) => unknown, RegExp])[] = [
    [
      'a balance that somebody wrote',
      ({ write }) => write('UPDATE balances SET amount = amount + 1'),
      /^acc_\w+ has a balance that is not the sum of its entries/,
    ],
    [
      'a balance that is missing',
      ({ write }) => write('DELETE FROM balances'),
      /^acc_\w+ has a balance that is not the sum of its entries/,
    ],
    [
      'a month whose use somebody wrote',
      ({ write }) => write('UPDATE settled_months SET credits = 0'),
      /^acc_\w+ has a month whose use is not the sum of its settled jobs/,
    ],
    [
      'a bucket below zero',
      ({ append }) => append(null, 'grant', 'granted', -1),
      /^acc_\w+ has a bucket below zero/,
    ],
    [
      'a final job without an outcome',
      ({ write, jobs }) => write("UPDATE jobs SET state = 'voided' WHERE id = ?", jobs.open),
      /is final without an outcome/,
    ],
    [
      'a job whose outcome is another one',
      ({ write, jobs }) => write("UPDATE jobs SET state = 'voided' WHERE id = ?", jobs.settled),
      /is final without an outcome of that name/,
    ],
    [
      'an outcome of a job that is not final',
      ({ write, jobs, accountId }) =>
        write("INSERT INTO job_outcomes VALUES (?, ?, 'settled', 2, 0)", ...[jobs.open, accountId]),
      /has an outcome but is not final/,
    ],
    [
      'a reservation that is not the price',
      ({ write, jobs }) => write('UPDATE jobs SET cost_credits = 99 WHERE id = ?', jobs.open),
      /does not hold its price/,
    ],
    [
      'a voided job of which something is kept',
      ({ write, jobs }) => {
        write('DROP TRIGGER ledger_no_update');
        write("UPDATE ledger SET amount = 1 WHERE kind = 'void' AND job_id = ?", jobs.voided);
      },
      /was voided but not returned in full/,
    ],
    [
      'a voided job that was returned to the other bucket',
      ({ write, jobs }) => {
        write('DROP TRIGGER ledger_no_update');
        write(
          "UPDATE ledger SET bucket = 'granted' WHERE kind = 'void' AND job_id = ?",
          jobs.voided,
        );
      },
      /was voided but not returned in full/,
    ],
    [
      'a settled job of which something was returned',
      ({ append, jobs }) => append(jobs.settled, 'void', 'monthly', 1),
      /was settled but something was returned/,
    ],
    [
      'a settled job without a stored result',
      ({ write, jobs }) => write('DELETE FROM results WHERE job_id = ?', jobs.settled),
      /was settled without a stored result/,
    ],
    [
      'a reservation without a job',
      ({ append }) => append(null, 'reserve', 'monthly', -1),
      /^acc_\w+ has a reservation without a job/,
    ],
  ];
  test.each(damages)('%s', (_name, damage, expected) => {
    const books = twoConnections();
    damage(books);
    expect(auditBooks(books.database).join('\n')).toMatch(expected);
  });
});
