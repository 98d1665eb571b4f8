/**
 * Downloads a picture from an address that a caller named. The name is resolved here, every address
 * must pass the policy, and the connection goes to one of those addresses only, so that a name that
 * changes between check and connect (DNS rebinding) gains nothing. Redirects are followed by hand,
 * each hop checked like the first. Every network cause becomes one and the same error.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError, invalidImage, unreachableImageUrl } from '../errors.ts';
import { checkedAddressesOf, type Resolver, systemResolver } from './checked-addresses.ts';
import { requestChecked } from './checked-request.ts';
import { diskFailure } from './disk-failure.ts';
import type { FetchPolicy } from './fetch-policy.ts';
import { type ImageUrl, parseImageUrl } from './image-url.ts';

/** Limits and seams of a download. */
export interface DownloaderOptions {
  readonly policy: FetchPolicy;
  readonly maxBytes: number;
  readonly deadlineMs: number;
  /** Injected by tests; by default the system's resolver. */
  readonly resolve?: Resolver;
  /** Least time a network refusal takes; shortened by tests. */
  readonly minRefusalMs?: number;
  /** Certificate (PEM) trusted instead of the system's; for tests. */
  readonly trustedCertificate?: string;
}

/** A file that arrived whole. */
export interface DownloadedFile {
  readonly bytes: number;
  readonly sha256: string;
}

const GET = { method: 'GET', headers: { accept: 'image/*' } } as const;
const MAX_REDIRECTS = 3;
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];
/** A source slower than this after a while is a stalled one. */
const SLOW_AFTER_MS = 3_000;
const MIN_BYTES_PER_S = 1024;
/** A blocked address is known at once, a refused connection a little later: both take this long. */
const MIN_REFUSAL_MS = 100;

/** Fetches pictures. */
export class Downloader {
  readonly #options: DownloaderOptions;
  readonly #resolve: Resolver;

  constructor(options: DownloaderOptions) {
    this.#options = options;
    this.#resolve = options.resolve ?? systemResolver;
  }

  /** Largest picture that is taken. */
  get maxBytes(): number {
    return this.#options.maxBytes;
  }

  /**
   * Fetch a picture into a new file; on any failure the file is removed.
   * @throws ApiError `invalid_image_url` for every network cause, `invalid_image` when it is empty
   *   or too large, `storage_full` and `internal_error` for our own disk; the signal's reason when
   *   it fired.
   */
  async downloadTo(url: ImageUrl, path: string, signal: AbortSignal): Promise<DownloadedFile> {
    const deadline = AbortSignal.timeout(this.#options.deadlineMs);
    const startedMs = performance.now();
    const either = AbortSignal.any([signal, deadline]);
    try {
      const answer = await this.#follow(url, either);
      return await this.#store(answer, path, either);
    } catch (error) {
      await rm(path, { force: true });
      if (signal.aborted) throw signal.reason;
      if (error instanceof ApiError && error.code !== 'invalid_image_url') throw error;
      await this.#levelOut(startedMs, signal);
      throw unreachableImageUrl(error);
    }
  }

  /** Wait until a refusal has taken its least time, so that time does not tell its cause. */
  async #levelOut(startedMs: number, signal: AbortSignal): Promise<void> {
    const leftMs = startedMs + (this.#options.minRefusalMs ?? MIN_REFUSAL_MS) - performance.now();
    if (leftMs > 0) await sleep(leftMs, undefined, { signal }).catch(() => undefined);
    signal.throwIfAborted();
  }

  async #follow(first: ImageUrl, signal: AbortSignal): Promise<IncomingMessage> {
    const { policy, trustedCertificate } = this.#options;
    let url: ImageUrl = first;
    for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
      signal.throwIfAborted();
      const here = url;
      const addresses = await checkedAddressesOf(here, policy, this.#resolve, signal);
      const isAllowed = (address: string) => policy.isAddressAllowed(here, address);
      const target = { url: here, addresses, isAllowed, trustedCertificate, ...GET };
      const answer = await requestChecked(target, signal);
      if (!REDIRECTS.includes(answer.statusCode ?? 0)) return answer;
      answer.destroy();
      url = this.#nextHop(here, answer.headersDistinct['location'] ?? []);
    }
    throw new Error('Too many redirects.');
  }

  #nextHop(from: ImageUrl, [location, ...more]: readonly string[]): ImageUrl {
    if (location === undefined || more.length > 0 || !URL.canParse(location, from.href)) {
      throw new Error('A redirect without a usable Location.');
    }
    const next = parseImageUrl(new URL(location, from).href, this.#options.policy.isPortAllowed);
    if (from.protocol === 'https:' && next.protocol === 'http:') {
      throw new Error('A redirect from https to http.');
    }
    return next;
  }

  async #store(
    answer: IncomingMessage,
    path: string,
    signal: AbortSignal,
  ): Promise<DownloadedFile> {
    try {
      this.#assertPicture(answer);
      const file = await open(path, 'wx', 0o600).catch(failOnDisk);
      try {
        return await this.#copy(answer, file, signal);
      } finally {
        await file.close();
      }
    } finally {
      answer.destroy();
    }
  }

  #assertPicture({ statusCode, headers }: IncomingMessage): void {
    const encoding = headers['content-encoding'] ?? 'identity';
    if (statusCode !== 200) throw new Error(`Answered ${statusCode}.`);
    if (encoding !== 'identity') throw new Error('Answered with a content encoding.');
    if (Number(headers['content-length'] ?? 0) > this.maxBytes) throw this.#tooLarge();
  }

  async #copy(
    answer: IncomingMessage,
    file: FileHandle,
    signal: AbortSignal,
  ): Promise<DownloadedFile> {
    const startedMs = performance.now();
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      signal.throwIfAborted();
      bytes += chunk.length;
      if (bytes > this.maxBytes) throw this.#tooLarge();
      assertFastEnough(bytes, performance.now() - startedMs);
      hash.update(chunk);
      await file.appendFile(chunk).catch(failOnDisk); // write() may take a part only
    }
    if (!answer.complete) throw new Error('The answer was cut off.');
    if (bytes === 0) throw invalidImage('The picture is empty.');
    return { bytes, sha256: hash.digest('hex') };
  }

  #tooLarge(): ApiError {
    return invalidImage(`The picture is larger than the ${this.maxBytes} bytes allowed.`);
  }
}

function failOnDisk(error: unknown): never {
  throw diskFailure(error);
}

function assertFastEnough(bytes: number, elapsedMs: number): void {
  if (elapsedMs > SLOW_AFTER_MS && bytes < (elapsedMs / 1000) * MIN_BYTES_PER_S) {
    throw new Error('The source sends too slowly.');
  }
}
