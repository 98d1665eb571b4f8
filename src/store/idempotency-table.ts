/** Table `idempotency`: which job an account's Idempotency-Key stands for. */
import type { Database, Statement } from './database.ts';

/** One remembered key. */
export interface IdempotencyRow {
  readonly accountId: string;
  readonly key: string;
  readonly bodySha256: string;
  readonly jobId: string;
  readonly createdAt: number;
}

/** Reads and writes idempotency keys. */
export class IdempotencyTable {
  readonly #put: Statement<never>;
  readonly #get: Statement<IdempotencyRow>;
  readonly #removeOlder: Statement<never>;

  constructor(database: Database) {
    this.#put = database.prepare(`INSERT INTO idempotency (account_id, key, body_sha256, job_id,
      created_at) VALUES (@accountId, @key, @bodySha256, @jobId, @createdAt)
      ON CONFLICT (account_id, key) DO UPDATE SET body_sha256 = excluded.body_sha256,
      job_id = excluded.job_id, created_at = excluded.created_at`);
    this.#get = database.prepare(`SELECT account_id AS accountId, key, body_sha256 AS bodySha256,
      job_id AS jobId, created_at AS createdAt FROM idempotency WHERE account_id = ? AND key = ?`);
    this.#removeOlder = database.prepare('DELETE FROM idempotency WHERE created_at < ?');
  }

  /** Remember a key, or let it stand for a new job. */
  put(row: IdempotencyRow): void {
    this.#put.run(row);
  }

  get(accountId: string, key: string): IdempotencyRow | undefined {
    return this.#get.get(accountId, key);
  }

  removeOlderThan(time: number): void {
    this.#removeOlder.run(time);
  }
}
