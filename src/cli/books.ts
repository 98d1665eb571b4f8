/** Accounts, keys and credits of one data folder: what the server and the command line both open. */
import { join } from 'node:path';
import { Accounts } from '../accounts/accounts.ts';
import { ApiKeys } from '../accounts/api-keys.ts';
import { Ledger } from '../accounts/ledger.ts';
import { loadPrices, type Prices } from '../accounts/prices.ts';
import { loadConfig } from '../config.ts';
import type { CreditsSummary } from '../http/routes/credits.ts';
import { AccountsTable } from '../store/accounts-table.ts';
import { ApiKeysTable } from '../store/api-keys-table.ts';
import { Database } from '../store/database.ts';
import { LedgerTable } from '../store/ledger-table.ts';

/** The open books. */
export interface Books {
  readonly database: Database;
  readonly prices: Prices;
  readonly accounts: Accounts;
  readonly keys: ApiKeys;
  readonly ledger: Ledger;
  /** What GET /api/account/credits tells. */
  summaryOf(accountId: string): CreditsSummary;
}

/** Open the books; several processes may at once. */
export function openBooks(dataDir: string, now: () => number = Date.now): Books {
  const database = Database.open(join(dataDir, 'garnish.db'));
  const prices = loadPrices();
  const table = new AccountsTable(database);
  const ledger = new Ledger({
    database,
    entries: new LedgerTable(database),
    accounts: table,
    prices,
    now,
  });
  const accounts = new Accounts(database, table, ledger, prices);
  return {
    database,
    prices,
    accounts,
    keys: new ApiKeys(new ApiKeysTable(database), table, now),
    ledger,
    summaryOf: (accountId) => {
      const { plan, status } = accounts.get(accountId);
      return {
        credits: ledger.balance(accountId).total,
        plan,
        status,
        usedThisMonth: ledger.usedThisMonth(accountId),
        nextRenewalMs: ledger.nextRenewal(),
      };
    },
  };
}

/** Open the books of the configured data folder for one command, and close them after it. */
export function withBooks<T>(work: (books: Books) => T): T {
  const books = openBooks(loadConfig().dataDir);
  try {
    return work(books);
  } finally {
    books.database.close();
  }
}
