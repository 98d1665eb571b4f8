/**
 * Credits: reserve, then settle or void. The monthly bucket is used first and set to the plan's
 * allowance on the first of each month; grants are used after it and do not expire. Balances are
 * sums of append-only entries; a second settle or void of a job fails by constraint.
 */
import { insufficientCredits } from '../errors.ts';
import type { AccountRow, AccountsTable } from '../store/accounts-table.ts';
import type { Database } from '../store/database.ts';
import type { Bucket, EntryKind, EntryRow, LedgerTable } from '../store/ledger-table.ts';
import type { Prices } from './prices.ts';

/** What an account has. */
export interface Balance {
  readonly total: number;
  readonly monthly: number;
  readonly granted: number;
}

/** What the ledger works on. */
export interface LedgerParts {
  readonly database: Database;
  readonly entries: LedgerTable;
  readonly accounts: AccountsTable;
  readonly prices: Prices;
  readonly now: () => number;
}

/** Month of a time, `YYYY-MM`, UTC. */
export const periodOf = (timeMs: number): string => new Date(timeMs).toISOString().slice(0, 7);

/** First instant of the month after a time's, UTC. */
export function nextMonthStart(timeMs: number): number {
  const date = new Date(timeMs);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
}

/** The rules of credits. */
export class Ledger {
  readonly #parts: LedgerParts;

  constructor(parts: LedgerParts) {
    this.#parts = parts;
  }

  /** Credits an account gets each month; none once its subscription is cancelled. */
  allowanceOf(account: AccountRow): number {
    if (account.status === 'cancelled') return 0;
    return account.monthlyAllowance ?? this.#parts.prices.plans[account.plan].monthlyCredits;
  }

  /**
   * Open an account's books.
   * @param openingCredits Exactly what it starts with, as a grant, the month's allowance left out;
   *   undefined starts with the allowance.
   */
  open(accountId: string, openingCredits: number | undefined): void {
    this.#parts.database.transaction(() => {
      if (openingCredits === undefined) {
        this.#renewIfDue(accountId);
        return;
      }
      this.#parts.entries.markRenewed(accountId, periodOf(this.#parts.now()));
      if (openingCredits > 0)
        this.#append(accountId, 'grant', 'granted', openingCredits, 'opening');
    });
  }

  /** Balance after any renewal that is due. */
  balance(accountId: string): Balance {
    return this.#parts.database.transaction(() => {
      this.#renewIfDue(accountId);
      const { monthly, granted } = this.#parts.entries.sums(accountId);
      return { total: monthly + granted, monthly, granted };
    });
  }

  /** Credits settled since the first of the month. */
  usedThisMonth(accountId: string): number {
    return this.#parts.entries.settledSince(accountId, periodOf(this.#parts.now()));
  }

  /** When the monthly bucket is set again. */
  nextRenewal(): number {
    return nextMonthStart(this.#parts.now());
  }

  /** Give credits that do not expire. */
  grant(accountId: string, credits: number, note: string): void {
    this.#parts.database.transaction(() => {
      this.#append(accountId, 'grant', 'granted', credits, note);
    });
  }

  /**
   * Hold credits for a job; called inside the transaction that stores the job.
   * @throws ApiError `insufficient_credits`.
   */
  reserve(jobId: string, accountId: string, cost: number): void {
    const { total, monthly } = this.balance(accountId);
    if (total < cost) throw insufficientCredits(cost, total);
    const fromMonthly = Math.min(Math.max(monthly, 0), cost);
    if (fromMonthly > 0) this.#append(accountId, 'reserve', 'monthly', -fromMonthly, null, jobId);
    if (cost > fromMonthly) {
      this.#append(accountId, 'reserve', 'granted', fromMonthly - cost, null, jobId);
    }
  }

  /** Keep a job's credits for good. @throws Error by constraint when it has an outcome. */
  settle(jobId: string, accountId: string): void {
    this.#finish(jobId, accountId, 'settled');
  }

  /**
   * Give a job's credits back, each to its bucket. A monthly credit of an earlier month expires at
   * once, since the renewal in between has set the bucket already.
   * @throws Error by constraint when the job has an outcome.
   */
  void(jobId: string, accountId: string): void {
    this.#parts.database.transaction(() => {
      this.#renewIfDue(accountId);
      const period = this.#period(accountId);
      for (const held of this.#finish(jobId, accountId, 'voided')) {
        this.#append(accountId, 'void', held.bucket, -held.amount, null, jobId);
        if (held.bucket === 'monthly' && held.period !== period) {
          this.#append(accountId, 'expiry', 'monthly', held.amount, null, jobId);
        }
      }
    });
  }

  /** Every entry of an account, oldest first. */
  history(accountId: string): readonly EntryRow[] {
    return this.#parts.entries.history(accountId);
  }

  #finish(jobId: string, accountId: string, outcome: 'settled' | 'voided'): readonly EntryRow[] {
    const held = this.#parts.entries.reservationsOf(jobId);
    const costCredits = held.reduce((sum, entry) => sum - entry.amount, 0);
    const createdAt = this.#parts.now();
    this.#parts.entries.finish({ jobId, accountId, outcome, costCredits, createdAt });
    return held;
  }

  /** The month the books are in: never an earlier one, also when the clock goes back. */
  #period(accountId: string): string {
    const current = periodOf(this.#parts.now());
    const renewed = this.#parts.entries.latestPeriod(accountId);
    return renewed !== undefined && renewed > current ? renewed : current;
  }

  #renewIfDue(accountId: string): void {
    const { entries, accounts } = this.#parts;
    const period = this.#period(accountId);
    if (entries.latestPeriod(accountId) === period) return;
    const account = accounts.get(accountId);
    if (account === undefined) throw new Error(`There is no account ${accountId}.`);
    entries.markRenewed(accountId, period);
    const change = this.allowanceOf(account) - entries.sums(accountId).monthly;
    if (change !== 0) this.#append(accountId, 'renewal', 'monthly', change, null);
  }

  #append(
    accountId: string,
    kind: EntryKind,
    bucket: Bucket,
    amount: number,
    note: string | null,
    jobId: string | null = null,
  ): void {
    const period = this.#period(accountId);
    const createdAt = this.#parts.now();
    this.#parts.entries.append({ accountId, jobId, kind, bucket, amount, period, note, createdAt });
  }
}
