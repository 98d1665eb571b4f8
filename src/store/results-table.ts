/** Table `results`: every file on the CDN, and those that were there. */
import type { Database, Statement } from './database.ts';

/** A stored result. */
export interface NewResult {
  /** Path below the CDN folder. */
  readonly name: string;
  readonly jobId: string;
  readonly accountId: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly createdAt: number;
  readonly expiresAt: number | null;
}

/** A result as it is read. */
export interface ResultRow extends NewResult {
  readonly deletedAt: number | null;
}

const COLUMNS = `name, job_id AS jobId, account_id AS accountId, bytes, sha256,
  created_at AS createdAt, expires_at AS expiresAt, deleted_at AS deletedAt`;

/** Reads and writes results. */
export class ResultsTable {
  readonly #insert: Statement<never>;
  readonly #get: Statement<ResultRow>;
  readonly #ofJob: Statement<ResultRow>;
  readonly #expired: Statement<ResultRow>;
  readonly #markDeleted: Statement<never>;
  readonly #removeForJob: Statement<never>;

  constructor(database: Database) {
    this.#insert = database.prepare(`INSERT INTO results (name, job_id, account_id, bytes, sha256,
      created_at, expires_at) VALUES (@name, @jobId, @accountId, @bytes, @sha256, @createdAt,
      @expiresAt)`);
    this.#get = database.prepare(`SELECT ${COLUMNS} FROM results WHERE name = ?`);
    this.#ofJob = database.prepare(`SELECT ${COLUMNS} FROM results WHERE job_id = ? ORDER BY name`);
    this.#expired = database.prepare(`SELECT ${COLUMNS} FROM results
      WHERE deleted_at IS NULL AND expires_at <= ? ORDER BY expires_at LIMIT ?`);
    this.#markDeleted = database.prepare('UPDATE results SET deleted_at = ? WHERE name = ?');
    this.#removeForJob = database.prepare('DELETE FROM results WHERE job_id = ?');
  }

  insert(row: NewResult): void {
    this.#insert.run(row);
  }

  get(name: string): ResultRow | undefined {
    return this.#get.get(name);
  }

  listForJob(jobId: string): readonly ResultRow[] {
    return this.#ofJob.all(jobId);
  }

  /** Results whose time has come, at most `limit`. */
  listExpired(now: number, limit: number): readonly ResultRow[] {
    return this.#expired.all(now, limit);
  }

  markDeleted(name: string, at: number): void {
    this.#markDeleted.run(at, name);
  }

  /** Forget the results of a voided job. */
  removeForJob(jobId: string): void {
    this.#removeForJob.run(jobId);
  }
}
