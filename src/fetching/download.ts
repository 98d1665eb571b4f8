/**
 * Downloads a picture from an address that a caller named. The name is resolved here, every address
 * must pass the policy, and the connection goes to one of those addresses only, so that a name that
 * changes between check and connect (DNS rebinding) gains nothing. Redirects are followed by hand,
 * each hop checked like the first. Every network cause becomes one and the same error.
 */
import { createHash } from 'node:crypto';
import { lookup as resolveName } from 'node:dns/promises';
import { open, rm } from 'node:fs/promises';
import { isIP } from 'node:net';
import { Agent, buildConnector, request } from 'undici';
import { ApiError, invalidImage, unreachableImageUrl } from '../errors.ts';
import { type FetchPolicy, hostOf } from './fetch-policy.ts';
import { type ImageUrl, parseImageUrl } from './image-url.ts';

/** All addresses of a name. */
export type Resolver = (host: string) => Promise<readonly string[]>;

/** Limits and seams of a download. */
export interface DownloaderOptions {
  readonly policy: FetchPolicy;
  readonly maxBytes: number;
  readonly deadlineMs: number;
  /** Injected by tests; by default the system's resolver. */
  readonly resolve?: Resolver;
}

/** A file that arrived whole. */
export interface DownloadedFile {
  readonly bytes: number;
  readonly sha256: string;
}

type Answer = Awaited<ReturnType<typeof request>>;

const MAX_REDIRECTS = 3;
const CONNECT_TIMEOUT_MS = 5_000;
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];
/** A source slower than this after a while is a stalled one. */
const SLOW_AFTER_MS = 3_000;
const MIN_BYTES_PER_S = 1024;

const systemResolver: Resolver = async (host) =>
  (await resolveName(host, { all: true })).map(({ address }) => address);

/** Fetches pictures. */
export class Downloader {
  readonly #options: DownloaderOptions;
  readonly #resolve: Resolver;

  constructor(options: DownloaderOptions) {
    this.#options = options;
    this.#resolve = options.resolve ?? systemResolver;
  }

  /**
   * Fetch a picture into a new file; on any failure the file is removed.
   * @throws ApiError `invalid_image_url` for every network cause, `invalid_image` when it is empty
   *   or too large; the signal's reason when it fired.
   */
  async downloadTo(url: ImageUrl, path: string, signal: AbortSignal): Promise<DownloadedFile> {
    const deadline = AbortSignal.timeout(this.#options.deadlineMs);
    const either = AbortSignal.any([signal, deadline]);
    const agents: Agent[] = [];
    try {
      const answer = await this.#follow(url, either, agents);
      return await this.#store(answer, path, either);
    } catch (error) {
      await rm(path, { force: true });
      if (signal.aborted) throw signal.reason;
      throw error instanceof ApiError && error.code === 'invalid_image'
        ? error
        : unreachableImageUrl(error);
    } finally {
      await Promise.all(agents.map((agent) => agent.destroy()));
    }
  }

  async #follow(first: ImageUrl, signal: AbortSignal, agents: Agent[]): Promise<Answer> {
    let url: ImageUrl = first;
    for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
      const agent = this.#agentFor(url, await this.#addressesOf(url, signal));
      agents.push(agent);
      const answer = await request(url, {
        dispatcher: agent,
        signal,
        headers: { 'accept-encoding': 'identity', accept: 'image/*', 'user-agent': 'garnish' },
        headersTimeout: this.#options.deadlineMs,
        bodyTimeout: this.#options.deadlineMs,
      });
      if (!REDIRECTS.includes(answer.statusCode)) return answer;
      url = this.#nextHop(url, answer.headers['location']);
    }
    throw new Error('Too many redirects.');
  }

  #nextHop(from: ImageUrl, location: string | string[] | undefined): ImageUrl {
    if (typeof location !== 'string' || !URL.canParse(location, from.href)) {
      throw new Error('A redirect without a usable Location.');
    }
    const next = parseImageUrl(new URL(location, from).href, this.#options.policy.isPortAllowed);
    if (from.protocol === 'https:' && next.protocol === 'http:') {
      throw new Error('A redirect from https to http.');
    }
    return next;
  }

  async #addressesOf(url: ImageUrl, signal: AbortSignal): Promise<readonly string[]> {
    const { policy } = this.#options;
    if (!policy.isHostAllowed(url))
      throw new Error('The host is not on the list of allowed hosts.');
    const host = hostOf(url);
    const addresses = isIP(host) === 0 ? await this.#resolveWithin(host, signal) : [host];
    const refused = addresses.find((address) => !policy.isAddressAllowed(url, address));
    if (addresses.length === 0 || refused !== undefined) {
      throw new Error('The host stands for an address that is not allowed.');
    }
    return addresses;
  }

  /** The system's resolver cannot be cancelled, but nobody has to wait for it. */
  #resolveWithin(host: string, signal: AbortSignal): Promise<readonly string[]> {
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      this.#resolve(host).then(resolve, reject);
    });
  }

  /** An agent whose connections can only reach the given addresses. */
  #agentFor(url: ImageUrl, addresses: readonly string[]): Agent {
    const connect = buildConnector({
      timeout: CONNECT_TIMEOUT_MS,
      lookup: (_host, options, callback) => {
        const found = addresses.map((address) => ({ address, family: isIP(address) }));
        const [first] = found;
        if (options.all === true || first === undefined) callback(null, found);
        else callback(null, first.address, first.family);
      },
    });
    return new Agent({
      pipelining: 0, // one request a connection, closed after it
      maxHeaderSize: 16 * 1024,
      connect: (options, callback) =>
        connect(options, (...[error, socket]) => {
          const remote = socket?.remoteAddress;
          if (error !== null) callback(error, null);
          else if (remote !== undefined && this.#options.policy.isAddressAllowed(url, remote)) {
            callback(null, socket);
          } else {
            socket.destroy();
            callback(new Error('Connected to an address that is not allowed.'), null);
          }
        }),
    });
  }

  async #store(answer: Answer, path: string, signal: AbortSignal): Promise<DownloadedFile> {
    const { maxBytes } = this.#options;
    const encoding = answer.headers['content-encoding'] ?? 'identity';
    if (answer.statusCode !== 200) throw new Error(`Answered ${answer.statusCode}.`);
    if (encoding !== 'identity') throw new Error('Answered with a content encoding.');
    const tooLarge = () =>
      invalidImage(`The picture is larger than the ${maxBytes} bytes allowed.`);
    if (Number(answer.headers['content-length'] ?? 0) > maxBytes) throw tooLarge();
    const startedMs = performance.now();
    const hash = createHash('sha256');
    let bytes = 0;
    const file = await open(path, 'wx', 0o600);
    try {
      for await (const chunk of answer.body as AsyncIterable<Buffer>) {
        signal.throwIfAborted();
        bytes += chunk.length;
        if (bytes > maxBytes) throw tooLarge();
        assertFastEnough(bytes, performance.now() - startedMs);
        hash.update(chunk);
        await file.write(chunk);
      }
    } finally {
      await file.close();
    }
    if (bytes === 0) throw invalidImage('The picture is empty.');
    return { bytes, sha256: hash.digest('hex') };
  }
}

function assertFastEnough(bytes: number, elapsedMs: number): void {
  if (elapsedMs > SLOW_AFTER_MS && bytes < (elapsedMs / 1000) * MIN_BYTES_PER_S) {
    throw new Error('The source sends too slowly.');
  }
}
