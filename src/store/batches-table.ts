/** Table `batches`: jobs of one operation that were reserved together. */
import type { Database, Statement } from './database.ts';

/** A batch. */
export interface BatchRow {
  readonly id: string;
  readonly accountId: string;
  readonly keyId: string;
  readonly operation: string;
  readonly itemCount: number;
  readonly createdAt: number;
}

/** Reads and writes batches. */
export class BatchesTable {
  readonly #insert: Statement<never>;
  readonly #get: Statement<BatchRow>;

  constructor(database: Database) {
    this.#insert = database.prepare(`INSERT INTO batches (id, account_id, key_id, operation,
      item_count, created_at) VALUES (@id, @accountId, @keyId, @operation, @itemCount, @createdAt)`);
    this.#get = database.prepare(`SELECT id, account_id AS accountId, key_id AS keyId, operation,
      item_count AS itemCount, created_at AS createdAt FROM batches WHERE id = ?`);
  }

  insert(batch: BatchRow): void {
    this.#insert.run(batch);
  }

  get(id: string): BatchRow | undefined {
    return this.#get.get(id);
  }
}
