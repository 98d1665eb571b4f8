/** Accounts: who they are, their plan and status, and the limits these give. */
import type { AccountRow, AccountStatus, AccountsTable, Plan } from '../store/accounts-table.ts';
import type { Database } from '../store/database.ts';
import { randomId } from '../store/random-id.ts';
import type { Ledger } from './ledger.ts';
import type { Prices } from './prices.ts';

/** Requests an account may make; undefined: no limit. */
export interface RateLimits {
  readonly perMinute: number | undefined;
  readonly perDay: number | undefined;
}

/** A number of requests, none, or absent for the plan's. */
export type RateSetting = number | 'none' | undefined;

/** What a new account is given. */
export interface NewAccount {
  readonly name?: string | undefined;
  readonly plan: Plan;
  /** Exactly this opening balance; absent: the plan's allowance. */
  readonly credits?: number | undefined;
  /** Monthly credits in place of the plan's. */
  readonly allowance?: number | undefined;
  readonly perMinute?: RateSetting;
  readonly perDay?: RateSetting;
}

const NO_LIMIT = -1;

const storedRate = (rate: RateSetting): number | null =>
  rate === undefined ? null : rate === 'none' ? NO_LIMIT : rate;

/** Creates and changes accounts. */
export class Accounts {
  readonly #database: Database;
  readonly #table: AccountsTable;
  readonly #ledger: Ledger;
  readonly #prices: Prices;

  constructor(database: Database, table: AccountsTable, ledger: Ledger, prices: Prices) {
    this.#database = database;
    this.#table = table;
    this.#ledger = ledger;
    this.#prices = prices;
  }

  /** Make an account with its opening balance. */
  create(options: NewAccount, now: number): AccountRow {
    const account: AccountRow = {
      id: randomId('acc'),
      name: options.name ?? '',
      plan: options.plan,
      status: 'active',
      monthlyAllowance: options.allowance ?? null,
      perMinute: storedRate(options.perMinute),
      perDay: storedRate(options.perDay),
      createdAt: now,
    };
    this.#database.transaction(() => {
      this.#table.insert(account);
      this.#ledger.open(account.id, options.credits);
    });
    return account;
  }

  /** An account. @throws Error when there is none of this id. */
  get(id: string): AccountRow {
    const account = this.#table.get(id);
    if (account === undefined) throw new Error(`There is no account ${id}.`);
    return account;
  }

  /** Every account, oldest first. */
  list(): readonly AccountRow[] {
    return this.#table.list();
  }

  /** Change the plan; the allowance follows at the next renewal. */
  setPlan(id: string, plan: Plan): void {
    this.#change(id, { plan });
  }

  /** Suspend, cancel or activate. */
  setStatus(id: string, status: AccountStatus): void {
    this.#change(id, { status });
  }

  /** The rate limits of an account. */
  limitsOf(id: string): RateLimits {
    const account = this.get(id);
    const plan = this.#prices.plans[account.plan];
    const limit = (own: number | null, planned: number) =>
      own === NO_LIMIT ? undefined : (own ?? planned);
    return {
      perMinute: limit(account.perMinute, plan.perMinute),
      perDay: limit(account.perDay, plan.perDay),
    };
  }

  /** In one transaction, so that a change by another process in between is not undone. */
  #change(id: string, change: Partial<Pick<AccountRow, 'plan' | 'status'>>): void {
    this.#database.transaction(() => {
      this.#table.update({ ...this.get(id), ...change });
    });
  }
}
