/**
 * Downloads one file into a folder: into a `.part` first, which the next attempt or the next run goes on
 * with by Range; its size and hash are checked before it takes its name. A server that changes the file
 * in between is found by its ETag or, at the latest, by the hash.
 */

import { mkdir, realpath } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { dirname, join, sep } from 'node:path';
import type { FileFacts } from './hub-client.ts';
import { HubError, PassingHubError } from './hub-error.ts';
import { bodyOf, type HubHttp } from './hub-http.ts';
import { PartFile } from './part-file.ts';
import { type RetryPolicy, withRetries } from './retries.ts';
import type { TransferMeter } from './transfer-meter.ts';

/** Bytes after which the failures before them are forgiven. */
const PROGRESS_BYTES = 1024 * 1024;

/** A file to download. */
export interface FileOrder extends FileFacts {
  readonly url: URL;
  /** Path below the folder, `/` between names. */
  readonly path: string;
}

/** What a download goes by. */
export interface DownloadParts {
  readonly http: HubHttp;
  readonly retries: RetryPolicy;
  readonly signal: AbortSignal;
  readonly meter: TransferMeter;
}

/** Where a file goes; its folder is made. @throws HubError when that lies outside `folder`. */
async function placeOf(folder: string, path: string): Promise<string> {
  const names = path.split('/');
  if (names.some((name) => name === '' || name === '.' || name === '..' || name.includes('\\'))) {
    throw new HubError(`${path} is no path below a folder.`);
  }
  const place = join(folder, ...names);
  await mkdir(dirname(place), { recursive: true });
  const [root, parent] = await Promise.all([realpath(folder), realpath(dirname(place))]);
  if (parent !== root && !parent.startsWith(root + sep)) {
    throw new HubError(`${place} would be written outside ${folder}: a link leads there.`);
  }
  return place;
}

const isStrong = (etag: string | undefined): etag is string => etag?.startsWith('"') === true;

/** One file on its way. */
class Download {
  readonly #order: FileOrder;
  readonly #part: PartFile;
  readonly #parts: DownloadParts;
  /** Whether the bytes that are there came by more than one answer. */
  #isPatched: boolean;

  constructor(order: FileOrder, part: PartFile, parts: DownloadParts) {
    this.#order = order;
    this.#part = part;
    this.#parts = parts;
    this.#isPatched = part.bytes > 0;
  }

  /** Get what is missing and judge the whole. */
  async attempt(): Promise<void> {
    if (this.#part.bytes < this.#order.bytes) await this.#receive();
    if (this.#part.digests.areRight()) return;
    if (this.#isPatched) {
      await this.#restart();
      throw new PassingHubError(`${this.#order.path} was put together of two versions`);
    }
    throw new HubError(
      `${this.#order.path} does not have the hash that the hub's list says: it was changed on the way or at its source.`,
    );
  }

  async #receive(): Promise<void> {
    const { bytes, etag } = this.#part;
    const range: Record<string, string> = bytes === 0 ? {} : { range: `bytes=${bytes}-` };
    if (bytes > 0 && isStrong(etag)) range['if-range'] = etag;
    const { http, signal, meter } = this.#parts;
    const answer = await http.get(this.#order.url, range, signal);
    try {
      await this.#accept(answer);
    } catch (error) {
      answer.destroy();
      throw error;
    }
    for await (const chunk of bodyOf(answer)) {
      if (this.#part.bytes + chunk.length > this.#order.bytes) {
        throw new HubError(`${this.#lies()}, but more comes.`);
      }
      await this.#part.append(chunk);
      meter.received(chunk.length);
    }
    if (this.#part.bytes < this.#order.bytes) {
      throw new PassingHubError(`${this.#lies()}, but it ends after ${this.#part.bytes}`);
    }
  }

  /** Whether an answer goes on where the part ends, or begins anew. */
  async #accept({ statusCode, headers }: IncomingMessage): Promise<void> {
    const { path, bytes } = this.#order;
    if ((headers['content-encoding'] ?? 'identity') !== 'identity') {
      throw new HubError(`${path} comes encoded, which was not asked for.`);
    }
    if (statusCode === 206) {
      const [, from, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(headers['content-range'] ?? '') ?? [];
      const isSame = this.#part.etag === undefined || this.#part.etag === headers.etag;
      if (Number(from) === this.#part.bytes && Number(total) === bytes && isSame) {
        this.#isPatched = true;
        return;
      }
    }
    const isWhole = statusCode === 200;
    await this.#restart(isWhole ? headers.etag : undefined);
    if (!isWhole) throw new PassingHubError(`${path} changed at its source`);
    const length = headers['content-length'];
    if (length !== undefined && Number(length) !== bytes) {
      const kind = headers['content-type'] ?? 'no type';
      throw new HubError(`${this.#lies()}, but ${length} (${kind}) are sent.`);
    }
  }

  #lies(): string {
    return `${this.#order.path} has ${this.#order.bytes} bytes by the hub's list`;
  }

  async #restart(etag?: string): Promise<void> {
    this.#parts.meter.lost(this.#part.bytes);
    this.#isPatched = false;
    await this.#part.restart(etag);
  }
}

/**
 * Download a file. What is there of it already is gone on with; it takes its name when it is whole.
 * @param folder Nothing is written outside it.
 * @returns SHA-256 of the file.
 * @throws HubError, or the signal's reason; a part that may be gone on with stays.
 */
export async function downloadFile(
  order: FileOrder,
  folder: string,
  parts: DownloadParts,
): Promise<string> {
  const place = await placeOf(folder, order.path);
  const part = await PartFile.open(place, order);
  parts.meter.found(part.bytes);
  const download = new Download(order, part, parts);
  let forgiven = part.bytes;
  const hasProgressed = () => {
    const progressed = part.bytes - forgiven >= PROGRESS_BYTES;
    forgiven = part.bytes;
    return progressed;
  };
  try {
    const attempt = () => download.attempt();
    await withRetries({ attempt, hasProgressed }, parts.retries, parts.signal);
  } catch (error) {
    const isOfNoUse = error instanceof HubError && part.bytes >= order.bytes;
    await (isOfNoUse ? part.discard() : part.close());
    throw error;
  }
  const { sha256 } = part.digests;
  await part.finish();
  return sha256;
}
