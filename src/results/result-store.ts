/**
 * The CDN folder: results come in whole (sync, rename, sync the folder), are found by their URL, and
 * leave when their time has come. Names are checked by one strict form, so that no path from
 * outside ever reaches the disk.
 */
import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { lstat, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ResultsTable } from '../store/results-table.ts';
import { moveDurably } from './durable-file.ts';

/** Folders of the CDN, one for each operation. */
export const RESULT_KINDS = ['gen', 'enhanced', 'nobg', 'upscaled'] as const;
/** One of them. */
export type ResultKind = (typeof RESULT_KINDS)[number];

/** Which of the pictures that a job names: the one of `image_url`, or the one it is laid on. */
export const SOURCE_ROLES = ['image', 'background'] as const;
/** One of them. */
export type SourceRole = (typeof SOURCE_ROLES)[number];

const SOURCE_EXTENSIONS: Readonly<Record<SourceRole, string>> = {
  image: 'source',
  background: 'background',
};

/** A file that was or is about to be published. */
export interface PublishedFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

const NAME = /^(?:gen|enhanced|nobg|upscaled)\/[a-z0-9]{26}(?:_\d)?\.(?:jpg|png|webp)$/;
const EXTENSIONS = ['jpg', 'png', 'webp'] as const;
/** What a file's name has after its random part: nothing, or its number where a result has several. */
const SUFFIXES = ['', '_0', '_1', '_2', '_3'] as const;
const SWEEP_LIMIT = 500;

/** Stores results. */
export class ResultStore {
  /** Folder that the kinds are in. */
  readonly folder: string;
  /** Folder for files that are not results yet; on the same file system. */
  readonly stagingFolder: string;
  readonly #cdnUrl: string;
  readonly #table: ResultsTable;

  /**
   * Makes the folders. What the last run left in staging stays until `sweepStaging`.
   * @param cdnUrl Address of the CDN folder, without a trailing slash.
   */
  constructor(dataDir: string, cdnUrl: string, table: ResultsTable) {
    this.folder = join(dataDir, 'cdn');
    this.stagingFolder = join(dataDir, 'staging');
    this.#cdnUrl = cdnUrl.replace(/\/+$/, '');
    this.#table = table;
    for (const kind of RESULT_KINDS) mkdirSync(join(this.folder, kind), { recursive: true });
    mkdirSync(this.stagingFolder, { recursive: true, mode: 0o700 });
  }

  /** Where a source of a job is staged. */
  sourcePathOf(random: string, role: SourceRole = 'image'): string {
    return join(this.stagingFolder, `${random}.${SOURCE_EXTENSIONS[role]}`);
  }

  /**
   * Empty the staging folder of what the last run left; only while nothing is carried.
   * @param waiting Random parts of the jobs whose sources are still wanted.
   */
  sweepStaging(waiting: readonly string[]): void {
    const extensions = Object.values(SOURCE_EXTENSIONS);
    const wanted = new Set(
      waiting.flatMap((random) => extensions.map((extension) => `${random}.${extension}`)),
    );
    for (const leftover of readdirSync(this.stagingFolder)) {
      if (wanted.has(leftover)) continue;
      rmSync(join(this.stagingFolder, leftover), { recursive: true, force: true });
    }
  }

  /** Name of a result below the CDN folder; @param stem its random part, and its number where it has one. */
  nameOf(kind: ResultKind, stem: string, format: (typeof EXTENSIONS)[number]): string {
    return `${kind}/${stem}.${format}`;
  }

  /** Address of a result. */
  urlOf(name: string): string {
    return `${this.#cdnUrl}/${name}`;
  }

  /** Name that one of our own CDN addresses stands for; undefined for any other URL. */
  nameOfUrl(url: URL): string | undefined {
    const base = new URL(this.#cdnUrl);
    if (url.origin !== base.origin || url.search !== '') return undefined;
    const prefix = base.pathname.endsWith('/') ? base.pathname : `${base.pathname}/`;
    if (!url.pathname.startsWith(prefix)) return undefined;
    const name = url.pathname.slice(prefix.length);
    return NAME.test(name) ? name : undefined;
  }

  /** Path of a result on disk. */
  pathOf(name: string): string {
    return join(this.folder, name);
  }

  /** Put a finished staging file on the CDN, durably. */
  async publish(stagingPath: string, name: string): Promise<void> {
    await moveDurably(stagingPath, this.pathOf(name));
  }

  /** Remove whatever a failed job may have left, in staging and on the CDN. */
  async discard(kind: ResultKind, random: string): Promise<void> {
    const stems = SUFFIXES.map((suffix) => `${random}${suffix}`);
    for (const stem of stems) {
      for (const format of EXTENSIONS) {
        await rm(join(this.stagingFolder, `${stem}.${format}`), { force: true });
        await rm(this.pathOf(this.nameOf(kind, stem, format)), { force: true });
      }
    }
  }

  /** Remove a result's file. */
  async removeFile(name: string): Promise<void> {
    await rm(this.pathOf(name), { force: true });
  }

  /** Whether a result's file is there, is a plain file, and has this hash. */
  async verify(name: string, sha256: string): Promise<boolean> {
    const path = this.pathOf(name);
    const stat = await lstat(path).catch(() => undefined);
    if (stat === undefined || !stat.isFile()) return false;
    const hash = createHash('sha256');
    await pipeline(createReadStream(path), hash);
    return hash.digest('hex') === sha256;
  }

  /** Whether a result can be read at a time, could once, or never was. */
  status(name: string, now: number): 'present' | 'expired' | 'unknown' {
    const row = this.#table.get(name);
    if (row === undefined) return 'unknown';
    const hasExpired = row.expiresAt !== null && row.expiresAt <= now;
    return row.deletedAt !== null || hasExpired ? 'expired' : 'present';
  }

  /** Delete results whose time has come; returns how many. */
  async expire(now: number): Promise<number> {
    const rows = this.#table.listExpired(now, SWEEP_LIMIT);
    for (const row of rows) {
      await this.removeFile(row.name);
      this.#table.markDeleted(row.name, now);
    }
    return rows.length;
  }
}
