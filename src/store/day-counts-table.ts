/** Table `day_counts`: requests of each account in the current UTC day. */
import type { Database, Statement } from './database.ts';

/** One account's count. */
export interface DayCountRow {
  readonly accountId: string;
  /** Days since 1970-01-01 UTC. */
  readonly day: number;
  readonly count: number;
}

/** Reads and writes day counts. */
export class DayCountsTable {
  readonly #put: Statement<never>;
  readonly #list: Statement<DayCountRow>;

  constructor(database: Database) {
    this.#put = database.prepare(`INSERT INTO day_counts (account_id, day, count)
      VALUES (@accountId, @day, @count)
      ON CONFLICT (account_id) DO UPDATE SET day = excluded.day, count = excluded.count`);
    this.#list = database.prepare(
      'SELECT account_id AS accountId, day, count FROM day_counts WHERE day = ?',
    );
  }

  put(row: DayCountRow): void {
    this.#put.run(row);
  }

  /** Counts of one day. */
  list(day: number): readonly DayCountRow[] {
    return this.#list.all(day);
  }
}
