/** Table `webhook_attempts`: the log of deliveries. */
import type { Database, Statement } from './database.ts';

/** One attempt that came to an end. */
export interface AttemptRow {
  readonly deliveryId: string;
  /** 1, 2, 3 … */
  readonly number: number;
  /** Null when no answer came. */
  readonly status: number | null;
  /** Null when it was delivered. */
  readonly error: string | null;
  readonly startedAt: number;
}

/** Reads and writes attempts. */
export class WebhookAttemptsTable {
  readonly #insert: Statement<never>;
  readonly #latest: Statement<AttemptRow>;

  constructor(database: Database) {
    this.#insert = database.prepare(`INSERT INTO webhook_attempts (delivery_id, number, status,
      error, started_at) VALUES (@deliveryId, @number, @status, @error, @startedAt)`);
    this.#latest = database.prepare(`SELECT delivery_id AS deliveryId, number, status, error,
      started_at AS startedAt FROM webhook_attempts WHERE delivery_id = ?
      ORDER BY number DESC LIMIT ?`);
  }

  insert(attempt: AttemptRow): void {
    this.#insert.run(attempt);
  }

  /** The last attempts of a delivery, latest first. */
  listLatest(deliveryId: string, limit: number): readonly AttemptRow[] {
    return this.#latest.all(deliveryId, limit);
  }
}
