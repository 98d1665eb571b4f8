/** Table `day_counts`: requests of each account in the current UTC day, sandbox calls apart. */
import type { Database, Statement } from './database.ts';

/** One account's count. */
export interface DayCountRow {
  readonly accountId: string;
  /** Days since 1970-01-01 UTC. */
  readonly day: number;
  readonly count: number;
}

/** Which calls are counted. */
export type CountedCalls = 'paid' | 'sandbox';

/** Reads and writes the day counts of one sort of calls. */
export class DayCountsTable {
  readonly #isSandbox: 0 | 1;
  readonly #put: Statement<never>;
  readonly #list: Statement<DayCountRow>;

  constructor(database: Database, calls: CountedCalls) {
    this.#isSandbox = calls === 'sandbox' ? 1 : 0;
    this.#put = database.prepare(`INSERT INTO day_counts (account_id, is_sandbox, day, count)
      VALUES (@accountId, @isSandbox, @day, @count) ON CONFLICT (account_id, is_sandbox)
      DO UPDATE SET day = excluded.day, count = excluded.count`);
    this.#list = database.prepare(`SELECT account_id AS accountId, day, count FROM day_counts
      WHERE day = ? AND is_sandbox = ?`);
  }

  put(row: DayCountRow): void {
    this.#put.run({ ...row, isSandbox: this.#isSandbox });
  }

  /** Counts of one day. */
  list(day: number): readonly DayCountRow[] {
    return this.#list.all(day, this.#isSandbox);
  }
}
