import { onTestFinished } from 'vitest';
import { Accounts } from '../../src/accounts/accounts.ts';
import { ApiKeys } from '../../src/accounts/api-keys.ts';
import { Ledger } from '../../src/accounts/ledger.ts';
import { loadPrices } from '../../src/accounts/prices.ts';
import { AccountsTable } from '../../src/store/accounts-table.ts';
import { ApiKeysTable } from '../../src/store/api-keys-table.ts';
import { Database } from '../../src/store/database.ts';
import { JobsTable } from '../../src/store/jobs-table.ts';
import { LedgerTable } from '../../src/store/ledger-table.ts';
import { randomId } from '../../src/store/random-id.ts';

/** Books with a clock that the test moves. */
export interface TestBooks {
  readonly database: Database;
  readonly accounts: Accounts;
  readonly ledger: Ledger;
  readonly keys: ApiKeys;
  readonly jobs: JobsTable;
  readonly clock: { nowMs: number };
  /** Stores a job and holds its credits, or does neither. */
  reserve(accountId: string, costCredits: number): string;
}

export const MARCH = Date.UTC(2026, 2, 15, 12);

/** @param path Path of the database; by default it is in memory. */
export function openTestBooks(path = ':memory:', nowMs = MARCH): TestBooks {
  const database = Database.open(path);
  const clock = { nowMs };
  const now = () => clock.nowMs;
  const prices = loadPrices();
  const table = new AccountsTable(database);
  const entries = new LedgerTable(database);
  const ledger = new Ledger({ database, entries, accounts: table, prices, now });
  const keys = new ApiKeys(new ApiKeysTable(database), table, now);
  const jobs = new JobsTable(database);
  const keyIds = new Map<string, string>();
  const keyOf = (accountId: string): string => {
    const keyId = keyIds.get(accountId) ?? keys.create(accountId).id;
    keyIds.set(accountId, keyId);
    return keyId;
  };
  return {
    database,
    accounts: new Accounts(database, table, ledger, prices),
    ledger,
    keys,
    jobs,
    clock,
    reserve: (accountId, costCredits) => {
      const id = randomId('bg');
      const keyId = keyOf(accountId);
      database.transaction(() => {
        jobs.insert({
          id,
          accountId,
          keyId,
          operation: 'remove-background',
          state: 'reserved',
          costCredits,
          requestJson: '{}',
          packId: 'pack',
          createdAt: now(),
        });
        ledger.reserve(id, accountId, costCredits);
      });
      return id;
    },
  };
}

/** The same, closed when the test ends. */
export function testBooks(path?: string): TestBooks {
  const books = openTestBooks(path);
  onTestFinished(() => books.database.close());
  return books;
}
