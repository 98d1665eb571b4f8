/** A data folder under test: its accounts and pictures, and the audit of everything in it. */
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auditBooks } from '../../src/accounts/audit.ts';
import { type Books, openBooks } from '../../src/cli/books.ts';
import type { JobStateName } from '../../src/store/jobs-table.ts';
import { encoded } from '../support/pictures.ts';

/** A caller with a key and a picture of its own on the server. */
export interface Caller {
  readonly accountId: string;
  readonly key: string;
  imageUrl: string;
}

/** Levels of grey by what the test packs do with them (scripts/golden/make_test_packs.py). */
export const LEVELS = { endless: 255, slow: 220, nan: 0, plain: 100 } as const;

const SIDE_PX = 64;
const IEND = Buffer.from('49454e44ae426082', 'hex');

/** A picture on which a run behaves in a way. */
export const pictureFor = (behaviour: keyof typeof LEVELS, sidePx = SIDE_PX): Promise<Buffer> => {
  const data = new Uint8Array(sidePx * sidePx * 3).fill(LEVELS[behaviour]);
  return encoded({ data, widthPx: sidePx, heightPx: sidePx, channels: 3 }, 'png');
};

/** Upload a picture. @returns Its image_url. */
export async function upload(url: string, key: string, picture: Buffer): Promise<string> {
  const form = new FormData();
  form.append('file', new Blob([new Uint8Array(picture)]), 'picture.png');
  const answer = await fetch(`${url}/api/uploads`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${key}` },
    body: form,
  });
  const body = (await answer.json()) as { image_url?: string };
  if (body.image_url === undefined) throw new Error(`Upload: ${JSON.stringify(body)}`);
  return body.image_url;
}

interface StoredJob {
  readonly id: string;
  readonly state: JobStateName;
  readonly isAsync: 0 | 1;
  readonly name: string | null;
  readonly sha256: string | null;
}

/** A data folder. */
export class DataFolder {
  readonly path: string;
  readonly #seen = new Set<string>();

  constructor(path = mkdtempSync(join(tmpdir(), 'garnish-crash-'))) {
    this.path = path;
  }

  /** Work on its books, beside the server or without it. */
  books<T>(work: (books: Books) => T): T {
    const books = openBooks(this.path);
    try {
      return work(books);
    } finally {
      books.database.close();
    }
  }

  /** A new account without rate limits. */
  newCaller(credits: number): Caller {
    return this.books(({ accounts, keys }) => {
      const limits = { perMinute: 'none', perDay: 'none' } as const;
      const { id } = accounts.create({ plan: 'enterprise', credits, ...limits }, Date.now());
      return { accountId: id, key: keys.create(id).key, imageUrl: '' };
    });
  }

  /** Jobs and their results. */
  jobs(): readonly StoredJob[] {
    return this.books(({ database }) =>
      database
        .prepare<StoredJob>(`SELECT jobs.id, state, is_async AS isAsync, name, sha256
          FROM jobs LEFT JOIN results ON job_id = jobs.id`)
        .all(),
    );
  }

  /** Jobs of a state or kind. */
  count(where: string): number {
    return this.books(
      ({ database }) =>
        database.prepare<{ n: number }>(`SELECT COUNT(*) AS n FROM jobs WHERE ${where}`).get()?.n ??
        0,
    );
  }

  /** Jobs and events that have not come to their end, with what is known of them. */
  unfinished(): readonly string[] {
    return this.books(({ database }) => [
      ...database
        .prepare<{ text: string }>(
          "SELECT id || ' is ' || state AS text FROM jobs WHERE state NOT IN ('settled', 'voided')",
        )
        .all(),
      ...database
        .prepare<{ text: string }>(
          `SELECT payload || ' is pending after ' || attempts || ' attempts, due at ' || next_attempt_at
           || ', last status ' || COALESCE(last_status, '-') || ', last error ' || COALESCE(last_error, '-') AS text
           FROM webhook_deliveries WHERE state = 'pending'`,
        )
        .all(),
    ]).map(({ text }) => text);
  }

  /**
   * Check everything: the books, every result against its hash, every file against its job. Results that
   * were in order once are not read again.
   * @param isBusy Whether jobs are under way, whose files may not be there yet.
   */
  audit(isBusy: boolean): readonly string[] {
    const jobs = this.jobs();
    return [
      ...this.books(({ database }) => auditBooks(database)),
      ...this.#wrongResults(jobs),
      ...this.#strayFiles(jobs, isBusy),
    ];
  }

  #wrongResults(jobs: readonly StoredJob[]): readonly string[] {
    const violations: string[] = [];
    for (const { id, state, name, sha256 } of jobs) {
      if (state !== 'settled' || this.#seen.has(id)) continue;
      const path = join(this.path, 'cdn', name ?? '');
      if (name === null || !existsSync(path)) violations.push(`${id} was settled without a file.`);
      else if (!isWhole(path, sha256)) violations.push(`${id} has a file that is not its result.`);
      else this.#seen.add(id);
    }
    return violations;
  }

  #strayFiles(jobs: readonly StoredJob[], isBusy: boolean): readonly string[] {
    const byName = new Map(jobs.map((job) => [job.name, job]));
    return (
      this.files()
        .filter((name) => byName.get(name)?.state !== 'settled')
        // While jobs are under way one may have been published since the jobs were read.
        .filter((name) => !isBusy || this.#ownerOf(name) === undefined)
        .map((name) => `${name} belongs to no settled job.`)
    );
  }

  #ownerOf(name: string): string | undefined {
    return this.books(
      ({ database }) =>
        database
          .prepare<{ id: string }>(`SELECT jobs.id FROM jobs JOIN results ON job_id = jobs.id
            WHERE name = ? AND state IN ('published', 'settled')`)
          .get(name)?.id,
    );
  }

  /** Names of all results on disk. */
  files(): readonly string[] {
    const cdn = join(this.path, 'cdn');
    if (!existsSync(cdn)) return [];
    return readdirSync(cdn, { recursive: true, encoding: 'utf8' }).filter((name) =>
      /\.(png|jpg|webp)$/.test(name),
    );
  }

  /** Files that a reader would find half-written at this moment. */
  halfWritten(): readonly string[] {
    return this.files().filter((name) => {
      try {
        return !readFileSync(join(this.path, 'cdn', name))
          .subarray(-8)
          .equals(IEND);
      } catch {
        return false; // removed since it was listed
      }
    });
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

function isWhole(path: string, sha256: string | null): boolean {
  return createHash('sha256').update(readFileSync(path)).digest('hex') === sha256;
}
