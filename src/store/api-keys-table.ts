/** Table `api_keys`: the SHA-256 of each key, never the key. */
import type { Database, Statement } from './database.ts';

/** One key. */
export interface ApiKeyRow {
  readonly id: string;
  readonly accountId: string;
  /** SHA-256 of the whole key. */
  readonly hash: Buffer;
  readonly last4: string;
  readonly label: string;
  /** Separated by spaces. */
  readonly scopes: string;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
  readonly lastUsedAt: number | null;
  readonly isSandbox: 0 | 1;
  readonly createdAt: number;
}

const COLUMNS = `id, account_id AS accountId, hash, last4, label, scopes, expires_at AS expiresAt,
  revoked_at AS revokedAt, last_used_at AS lastUsedAt, is_sandbox AS isSandbox,
  created_at AS createdAt`;

/** Reads and writes keys. */
export class ApiKeysTable {
  readonly #insert: Statement<never>;
  readonly #byHash: Statement<ApiKeyRow>;
  readonly #byAccount: Statement<ApiKeyRow>;
  readonly #revoke: Statement<never>;
  readonly #touch: Statement<never>;

  constructor(database: Database) {
    this.#insert = database.prepare(`INSERT INTO api_keys (id, account_id, hash, last4, label,
      scopes, expires_at, revoked_at, last_used_at, is_sandbox, created_at) VALUES (@id, @accountId,
      @hash, @last4, @label, @scopes, @expiresAt, @revokedAt, @lastUsedAt, @isSandbox, @createdAt)`);
    this.#byHash = database.prepare(`SELECT ${COLUMNS} FROM api_keys WHERE hash = ?`);
    this.#byAccount = database.prepare(
      `SELECT ${COLUMNS} FROM api_keys WHERE account_id = ? ORDER BY created_at, id`,
    );
    this.#revoke = database.prepare(
      'UPDATE api_keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL',
    );
    this.#touch = database.prepare('UPDATE api_keys SET last_used_at = ? WHERE id = ?');
  }

  insert(row: ApiKeyRow): void {
    this.#insert.run(row);
  }

  byHash(hash: Buffer): ApiKeyRow | undefined {
    return this.#byHash.get(hash);
  }

  byAccount(accountId: string): readonly ApiKeyRow[] {
    return this.#byAccount.all(accountId);
  }

  /** Whether a live key of this id was there. */
  revoke(id: string, at: number): boolean {
    return this.#revoke.run(at, id).changes === 1;
  }

  touch(id: string, at: number): void {
    this.#touch.run(at, id);
  }
}
