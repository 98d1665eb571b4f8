/** Table `uploads`. */
import type { Database, Statement } from './database.ts';

/** One upload. */
export interface UploadRow {
  readonly id: string;
  readonly accountId: string;
  readonly bytes: number;
  readonly width: number;
  readonly height: number;
  readonly createdAt: number;
  readonly expiresAt: number;
}

const COLUMNS = `id, account_id AS accountId, bytes, width, height, created_at AS createdAt,
  expires_at AS expiresAt`;

/** Reads and writes uploads. */
export class UploadsTable {
  readonly #insert: Statement<never>;
  readonly #get: Statement<UploadRow>;
  readonly #expired: Statement<UploadRow>;
  readonly #remove: Statement<never>;

  constructor(database: Database) {
    this.#insert = database.prepare(`INSERT INTO uploads (id, account_id, bytes, width, height,
      created_at, expires_at) VALUES (@id, @accountId, @bytes, @width, @height, @createdAt,
      @expiresAt)`);
    this.#get = database.prepare(`SELECT ${COLUMNS} FROM uploads WHERE id = ?`);
    this.#expired = database.prepare(
      `SELECT ${COLUMNS} FROM uploads WHERE expires_at <= ? ORDER BY expires_at LIMIT ?`,
    );
    this.#remove = database.prepare('DELETE FROM uploads WHERE id = ?');
  }

  insert(row: UploadRow): void {
    this.#insert.run(row);
  }

  get(id: string): UploadRow | undefined {
    return this.#get.get(id);
  }

  /** Uploads whose time has come, at most `limit`. */
  listExpired(now: number, limit: number): readonly UploadRow[] {
    return this.#expired.all(now, limit);
  }

  remove(id: string): void {
    this.#remove.run(id);
  }
}
