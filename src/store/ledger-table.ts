/** Tables `ledger`, `job_outcomes` and `renewals`: credits as append-only entries, and their running totals. */
import type { Database, Statement } from './database.ts';

/** Where credits lie: the plan's of this month, or granted ones that do not expire. */
export type Bucket = 'monthly' | 'granted';
/** Why an entry was written. */
export type EntryKind = 'renewal' | 'grant' | 'reserve' | 'void' | 'expiry';

/** One entry as it is written. */
export interface NewEntry {
  readonly accountId: string;
  readonly jobId: string | null;
  readonly kind: EntryKind;
  readonly bucket: Bucket;
  readonly amount: number;
  /** `YYYY-MM`. */
  readonly period: string;
  readonly note: string | null;
  readonly createdAt: number;
}

/** One entry as it is read. */
export interface EntryRow extends NewEntry {
  readonly id: number;
}

/** A finished job. */
export interface OutcomeRow {
  readonly jobId: string;
  readonly accountId: string;
  readonly outcome: 'settled' | 'voided';
  readonly costCredits: number;
  readonly createdAt: number;
}

const COLUMNS = `id, account_id AS accountId, job_id AS jobId, kind, bucket, amount, period, note,
  created_at AS createdAt`;

/** Writes entries and reads what they sum up to. */
export class LedgerTable {
  readonly #append: Statement<never>;
  readonly #sums: Statement<{ bucket: Bucket; amount: number }>;
  readonly #ofJob: Statement<EntryRow>;
  readonly #history: Statement<EntryRow>;
  readonly #finish: Statement<never>;
  readonly #settledSince: Statement<{ amount: number }>;
  readonly #renew: Statement<never>;
  readonly #latestPeriod: Statement<{ period: string | null }>;

  constructor(database: Database) {
    this.#append = database.prepare(`INSERT INTO ledger (account_id, job_id, kind, bucket, amount,
      period, note, created_at) VALUES (@accountId, @jobId, @kind, @bucket, @amount, @period,
      @note, @createdAt)`);
    this.#sums = database.prepare('SELECT bucket, amount FROM balances WHERE account_id = ?');
    this.#ofJob = database.prepare(
      `SELECT ${COLUMNS} FROM ledger WHERE job_id = ? AND kind = 'reserve' ORDER BY id`,
    );
    this.#history = database.prepare(
      `SELECT ${COLUMNS} FROM ledger WHERE account_id = ? ORDER BY id`,
    );
    this.#finish = database.prepare(`INSERT INTO job_outcomes (job_id, account_id, outcome,
      cost_credits, created_at) VALUES (@jobId, @accountId, @outcome, @costCredits, @createdAt)`);
    this.#settledSince = database.prepare(`SELECT COALESCE(SUM(credits), 0) AS amount
      FROM settled_months WHERE account_id = ? AND month >= ?`);
    this.#renew = database.prepare('INSERT INTO renewals (account_id, period) VALUES (?, ?)');
    this.#latestPeriod = database.prepare(
      'SELECT MAX(period) AS period FROM renewals WHERE account_id = ?',
    );
  }

  append(entry: NewEntry): void {
    this.#append.run(entry);
  }

  /** Sum of an account's entries in each bucket. */
  sums(accountId: string): Readonly<Record<Bucket, number>> {
    const sums = { monthly: 0, granted: 0 };
    for (const { bucket, amount } of this.#sums.all(accountId)) sums[bucket] = amount;
    return sums;
  }

  /** The entries that hold a job's credits; amounts are negative. */
  reservationsOf(jobId: string): readonly EntryRow[] {
    return this.#ofJob.all(jobId);
  }

  /** All entries of an account, oldest first. */
  history(accountId: string): readonly EntryRow[] {
    return this.#history.all(accountId);
  }

  /** Write a job's outcome. @throws Error by constraint when it has one. */
  finish(outcome: OutcomeRow): void {
    this.#finish.run(outcome);
  }

  /** Credits settled in a month, `YYYY-MM`, or after it, where the clock went back. */
  settledSince(accountId: string, month: string): number {
    return this.#settledSince.get(accountId, month)?.amount ?? 0;
  }

  /** Note a renewal. @throws Error by constraint when the month had one. */
  markRenewed(accountId: string, period: string): void {
    this.#renew.run(accountId, period);
  }

  /** The last month renewed, `YYYY-MM`. */
  latestPeriod(accountId: string): string | undefined {
    return this.#latestPeriod.get(accountId)?.period ?? undefined;
  }
}
