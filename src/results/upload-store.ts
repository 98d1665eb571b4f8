/** Uploads: local pictures that wait, for a day by default, to be named as an `image_url`. */
import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { randomName } from '../store/random-id.ts';
import type { UploadsTable } from '../store/uploads-table.ts';
import { moveDurably } from './durable-file.ts';

/** A picture that was looked into. */
export interface NewUpload {
  readonly accountId: string;
  /** Where it lies now, on the same file system. */
  readonly path: string;
  readonly bytes: number;
  readonly widthPx: number;
  readonly heightPx: number;
}

/** A kept upload. */
export interface KeptUpload {
  readonly url: string;
  readonly expiresAtMs: number;
}

const ID = /^[a-z0-9]{26}$/;
const SWEEP_LIMIT = 500;

/** Stores uploads. */
export class UploadStore {
  readonly #folder: string;
  /** Address that ids are appended to. */
  readonly #base: string;
  readonly #keptMs: number;
  readonly #table: UploadsTable;

  /** @param publicUrl Address of this server; it may have a path. */
  constructor(dataDir: string, publicUrl: string, keptMs: number, table: UploadsTable) {
    this.#folder = join(dataDir, 'uploads');
    this.#base = `${publicUrl.replace(/\/+$/, '')}/uploads/`;
    this.#keptMs = keptMs;
    this.#table = table;
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
  }

  /** Keep a picture under a name that cannot be guessed. */
  async keep(upload: NewUpload, now: number): Promise<KeptUpload> {
    const id = randomName();
    const expiresAt = now + this.#keptMs;
    this.#table.insert({
      id,
      accountId: upload.accountId,
      bytes: upload.bytes,
      width: upload.widthPx,
      height: upload.heightPx,
      createdAt: now,
      expiresAt,
    });
    // The row comes first: the sweep goes by the table and would never find a file without one.
    try {
      await moveDurably(upload.path, join(this.#folder, id));
    } catch (error) {
      this.#table.remove(id);
      throw error;
    }
    return { url: `${this.#base}${id}`, expiresAtMs: expiresAt };
  }

  /**
   * Where an upload's URL lies on disk.
   * @returns undefined for a URL that is not of an upload, `missing` for one that is expired,
   *   unknown or another account's.
   */
  find(url: URL, accountId: string, now: number): string | 'missing' | undefined {
    const base = new URL(this.#base);
    if (url.origin !== base.origin || !url.pathname.startsWith(base.pathname)) return undefined;
    const id = url.pathname.slice(base.pathname.length);
    if (!ID.test(id)) return undefined;
    const row = this.#table.get(id);
    const isLive = row !== undefined && row.accountId === accountId && row.expiresAt > now;
    return isLive ? join(this.#folder, id) : 'missing';
  }

  /** Delete uploads whose time has come; returns how many. */
  async expire(now: number): Promise<number> {
    const rows = this.#table.listExpired(now, SWEEP_LIMIT);
    for (const row of rows) {
      await rm(join(this.#folder, row.id), { force: true });
      this.#table.remove(row.id);
    }
    return rows.length;
  }
}
