/** Brings a job's source into the staging folder: from our own disk when the URL is ours, else over the network. */
import { constants, copyFile, lstat } from 'node:fs/promises';
import { invalidImage, unreachableImageUrl } from '../errors.ts';
import { diskFailure } from './disk-failure.ts';
import type { Downloader } from './download.ts';
import type { FetchPolicy } from './fetch-policy.ts';
import { type ImageUrl, parseImageUrl } from './image-url.ts';

/** Where an own URL lies on disk. */
export type OwnSource =
  /** Not one of our own CDN or upload addresses. */
  | { readonly kind: 'foreign' }
  /** One of ours, but expired, unknown or another account's. */
  | { readonly kind: 'missing' }
  | { readonly kind: 'file'; readonly path: string };

/** What the fetcher needs. */
export interface SourceFetcherOptions {
  readonly downloader: Downloader;
  readonly policy: FetchPolicy;
  /** Looks an own URL up for an account. */
  readonly ownSource: (url: URL, accountId: string) => OwnSource;
  /** Open no socket. */
  readonly isOffline: boolean;
}

/** Fetches sources. */
export class SourceFetcher {
  readonly #options: SourceFetcherOptions;

  constructor(options: SourceFetcherOptions) {
    this.#options = options;
  }

  /**
   * Check the form of a URL, before anything is reserved for it.
   * @throws ApiError `invalid_image_url`.
   */
  prepare(text: string, accountId: string): ImageUrl {
    const isOwn = (url: URL) => this.#options.ownSource(url, accountId).kind !== 'foreign';
    return parseImageUrl(text, (url) => isOwn(url) || this.#options.policy.isPortAllowed(url));
  }

  /**
   * Bring the source to a new file.
   * @throws ApiError `invalid_image_url`, `invalid_image`, `storage_full`, `internal_error`.
   */
  async fetchTo(
    url: ImageUrl,
    accountId: string,
    path: string,
    signal: AbortSignal,
  ): Promise<void> {
    const own = this.#options.ownSource(url, accountId);
    switch (own.kind) {
      case 'file':
        await this.#copy(own.path, path);
        return;
      case 'missing':
        throw unreachableImageUrl(new Error('Not a live result or upload of this account.'));
      case 'foreign':
        if (this.#options.isOffline) throw unreachableImageUrl(new Error('The server is offline.'));
        await this.#options.downloader.downloadTo(url, path, signal);
        return;
      default:
        own satisfies never;
    }
  }
  async #copy(from: string, to: string): Promise<void> {
    const { maxBytes } = this.#options.downloader;
    const stat = await lstat(from).catch((error: unknown) => {
      throw unreachableImageUrl(error);
    });
    if (!stat.isFile()) throw unreachableImageUrl(new Error('Not a plain file.'));
    if (stat.size > maxBytes) {
      throw invalidImage(`The picture is larger than the ${maxBytes} bytes allowed.`);
    }
    await copyFile(from, to, constants.COPYFILE_FICLONE).catch((error: unknown) => {
      throw diskFailure(error);
    });
  }
}
