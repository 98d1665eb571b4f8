/**
 * What a repository of the hub holds at a revision, by `@huggingface/hub`. The library speaks through our
 * client, so that retries, the token's one destination and the offline switch hold for it too; it is
 * imported when first needed.
 */
import { z } from 'zod';
import { HubError } from './hub-error.ts';
import { bodyOf, type HubHttp } from './hub-http.ts';
import { type RetryPolicy, withRetries } from './retries.ts';

const commitSchema = z.string().regex(/^[0-9a-f]{40}$/);
const entrySchema = z.object({
  type: z.string(),
  path: z.string(),
  size: z.int().min(0),
  /** Of a folder, its tree; of a file, its blob or that of the pointer to it. */
  oid: commitSchema.optional(),
  lfs: z.object({ oid: z.string().regex(/^[0-9a-f]{64}$/), size: z.int().min(0) }).optional(),
});

/** Most bytes of one page of a list, and most entries of a repository. */
const MAX_PAGE_BYTES = 32 * 1024 * 1024;
const MAX_ENTRIES = 100_000;

/** What a file must be: its size, and the hash that the hub knows of it. */
export interface FileFacts {
  readonly bytes: number;
  /** Known for large files. */
  readonly sha256?: string | undefined;
  /** SHA-1 of the git blob; known for small files. */
  readonly gitBlob?: string | undefined;
}

/** What a client of one hub is made of. */
export interface HubClientParts {
  /** Hub or mirror. */
  readonly hubUrl: string;
  readonly http: HubHttp;
  readonly retries: RetryPolicy;
}

/** Reads lists of one hub. */
export class HubClient {
  readonly #parts: HubClientParts;
  readonly #hubUrl: string;

  constructor(parts: HubClientParts) {
    this.#parts = parts;
    this.#hubUrl = parts.hubUrl.replace(/\/+$/, '');
  }

  /**
   * The commit that a branch, tag or commit stands for now.
   * @throws HubError when there is no such repository or revision.
   */
  async commitOf(repository: string, revision: string, signal: AbortSignal): Promise<string> {
    const { modelInfo } = await import('@huggingface/hub');
    const info = await modelInfo({
      name: repository,
      revision,
      hubUrl: this.#hubUrl,
      additionalFields: ['sha'],
      fetch: this.#fetch(signal),
    });
    const commit = commitSchema.safeParse(info.sha);
    if (!commit.success) {
      throw new HubError(`${this.#hubUrl} names no commit for ${repository} ${revision}.`);
    }
    return commit.data;
  }

  /** Every file of a repository at a commit, by its path. @throws HubError. */
  async filesOf(
    repository: string,
    commit: string,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, FileFacts>> {
    const { listFiles } = await import('@huggingface/hub');
    const repo = { type: 'model', name: repository } as const;
    const files = new Map<string, FileFacts>();
    const entries = listFiles({
      ...{ repo, revision: commit, recursive: true },
      ...{ hubUrl: this.#hubUrl, fetch: this.#fetch(signal) },
    });
    for await (const entry of entries) {
      const read = entrySchema.safeParse(entry);
      if (!read.success || files.size >= MAX_ENTRIES) {
        throw new HubError(`${this.#hubUrl} gives a list of ${repository} that cannot be read.`);
      }
      const { type, path, size, oid, lfs } = read.data;
      if (type !== 'file') continue;
      if (lfs === undefined && oid === undefined) {
        throw new HubError(`${this.#hubUrl} knows no hash of ${path} of ${repository}.`);
      }
      const hashes = lfs === undefined ? { gitBlob: oid } : { sha256: lfs.oid };
      files.set(path, { bytes: lfs?.size ?? size, ...hashes });
    }
    return files;
  }

  /** Where a file of a commit is fetched. */
  fileUrl(repository: string, commit: string, path: string): URL {
    const escaped = path.split('/').map(encodeURIComponent).join('/');
    return new URL(`${this.#hubUrl}/${repository}/resolve/${commit}/${escaped}`);
  }

  /** The library's way to the network: GET only, small JSON answers, failures as HubError. */
  #fetch(signal: AbortSignal): typeof fetch {
    return async (input, init) => {
      const url = new URL(input instanceof Request ? input.url : input);
      const headers = Object.fromEntries(new Headers(init?.headers));
      const attempt = async () => {
        const answer = await this.#parts.http.get(url, headers, signal);
        const chunks: Buffer[] = [];
        let bytes = 0;
        for await (const chunk of bodyOf(answer)) {
          bytes += chunk.length;
          if (bytes > MAX_PAGE_BYTES) throw new HubError(`${url.origin} answers without end.`);
          chunks.push(chunk);
        }
        const { link } = answer.headers;
        return new Response(Buffer.concat(chunks), {
          headers: {
            'content-type': answer.headers['content-type'] ?? 'application/json',
            ...(link === undefined ? {} : { link: String(link) }),
          },
        });
      };
      return await withRetries({ attempt }, this.#parts.retries, signal);
    };
  }
}
