/**
 * Opens SQLite, brings its schema up to date, and runs transactions. This is the only file that
 * imports better-sqlite3. `synchronous=FULL` is set on every connection, because WAL mode defaults
 * to NORMAL and an acknowledged charge must survive a power cut.
 */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import Sqlite from 'better-sqlite3';

/** A prepared statement; `Row` is what it reads. */
export type Statement<Row> = Sqlite.Statement<unknown[], Row>;

const BUSY_TIMEOUT_MS = 5_000;
const SYNCHRONOUS_FULL = 2;
const MIGRATIONS = new URL('./migrations/', import.meta.url);
const MIGRATION_NAME = /^(\d{3})_[a-z0-9_]+\.sql$/;

/** One connection. Opened by the API process and by the command line, never by an engine. */
export class Database {
  readonly #sqlite: Sqlite.Database;

  private constructor(sqlite: Sqlite.Database) {
    this.#sqlite = sqlite;
  }

  /**
   * Open the file, creating it and its folder when missing.
   * @param path Path, or `:memory:`.
   * @throws Error when the file is newer than this program, or not writable.
   */
  static open(path: string): Database {
    if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const sqlite = new Sqlite(path, { timeout: BUSY_TIMEOUT_MS });
    try {
      sqlite.pragma('journal_mode = WAL');
      sqlite.pragma('foreign_keys = ON');
      sqlite.pragma('synchronous = FULL');
      migrate(sqlite);
    } catch (error) {
      sqlite.close();
      throw new Error(`${path} cannot be used: ${(error as Error).message}`, { cause: error });
    }
    if (sqlite.pragma('synchronous', { simple: true }) !== SYNCHRONOUS_FULL) {
      throw new Error('SQLite did not take synchronous=FULL.');
    }
    return new Database(sqlite);
  }

  /** Prepare a statement; prepare once, in the constructor of a table. */
  prepare<Row = never>(sql: string): Statement<Row> {
    return this.#sqlite.prepare<unknown[], Row>(sql);
  }

  /** Run work in an IMMEDIATE transaction; inside another one it is a savepoint of it. */
  transaction<T>(work: () => T): T {
    return this.#sqlite.transaction(work).immediate();
  }

  /** Value of a pragma, for tests and the doctor. */
  pragma(name: string): unknown {
    return this.#sqlite.pragma(name, { simple: true });
  }

  /** Close the connection; a later use throws. */
  close(): void {
    this.#sqlite.close();
  }
}

/**
 * Hold a file for as long as this process lives, so that no second one works on the same folder. The
 * kernel lets go of it when the process dies, however that happens.
 * @returns A function that lets go of it.
 * @throws Error, when another process holds it or it cannot be written.
 */
export function holdFile(path: string): () => void {
  let sqlite: Sqlite.Database | undefined;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    sqlite = new Sqlite(path, { timeout: 0 });
    sqlite.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    sqlite?.close();
    const isHeld = error instanceof Sqlite.SqliteError && error.code === 'SQLITE_BUSY';
    const reason = isHeld ? 'is in use by another server.' : 'cannot be written.';
    throw new Error(`${dirname(path)} ${reason}`, { cause: error });
  }
  const held = sqlite;
  return () => held.close();
}

function migrate(sqlite: Sqlite.Database): void {
  const files = readdirSync(MIGRATIONS)
    .filter((name) => MIGRATION_NAME.test(name))
    .sort();
  const apply = sqlite.transaction(() => {
    const current = Number(sqlite.pragma('user_version', { simple: true }));
    const latest = files.length;
    if (current > latest) {
      throw new Error(
        `The database has schema ${current}, this program knows ${latest}: it is too old for it.`,
      );
    }
    for (const name of files.slice(current)) {
      sqlite.exec(readFileSync(new URL(name, MIGRATIONS), 'utf8'));
    }
    if (current < latest) sqlite.pragma(`user_version = ${latest}`);
  });
  apply.immediate();
}
