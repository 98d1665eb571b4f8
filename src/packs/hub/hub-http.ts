/**
 * GET requests to the hub and to the hosts it sends us on to. Redirects are followed here, so that the
 * token goes to the hub's own origin and nowhere else. Node's own client rather than fetch: undici can end
 * the process, uncatchably, when a server closes early (docs/architecture.md).
 */
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import { HubError, PassingHubError } from './hub-error.ts';
import { redirectTarget, shown } from './redirect.ts';

const MAX_REDIRECTS = 5;
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];
const IDLE_MS = 60_000;
/** Failures of TLS that do not pass by themselves. */
const BAD_CERTIFICATE = /^(CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_)/;

/** What a client is made of. */
export interface HubHttpOptions {
  /** Hub or mirror, http(s). */
  readonly hubUrl: string;
  /** Sent to the hub's origin only, and only over TLS or to this machine. */
  readonly token?: string | undefined;
  /** Answer every request with an error instead of opening a socket. */
  readonly isOffline: boolean;
  /** How long a server may send nothing; default 60 s. */
  readonly idleMs?: number | undefined;
  /** Resolver; default: the system's. */
  readonly lookup?: LookupFunction | undefined;
}

type Headers = Readonly<Record<string, string>>;

const isPrivate = ({ protocol, hostname }: URL): boolean =>
  protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(hostname);

/** Milliseconds of a `Retry-After`: seconds or a date. */
function retryAfterMs(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d+$/.test(header)) return Number(header) * 1000;
  const untilMs = Date.parse(header) - Date.now();
  return Number.isNaN(untilMs) ? undefined : Math.max(0, untilMs);
}

/** The client. */
export class HubHttp {
  readonly #hub: URL;
  readonly #options: HubHttpOptions;

  constructor(options: HubHttpOptions) {
    this.#hub = new URL(options.hubUrl);
    this.#options = options;
  }

  /**
   * Ask for an address; redirects are followed.
   * @returns An answer of status 2xx or 416, its body unread: the caller reads or destroys it.
   * @throws HubError, or the signal's reason.
   */
  async get(address: URL, headers: Headers, signal: AbortSignal): Promise<IncomingMessage> {
    let url = address;
    for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
      const answer = await this.#ask(url, headers, signal);
      const { statusCode = 0 } = answer;
      const { location } = answer.headers;
      if (!REDIRECTS.includes(statusCode) || location === undefined) {
        return this.#judge(url, answer);
      }
      answer.destroy();
      url = redirectTarget(url, location);
    }
    throw new HubError(`${shown(address)} redirects more than ${MAX_REDIRECTS} times.`);
  }

  #judge(url: URL, answer: IncomingMessage): IncomingMessage {
    const { statusCode: status = 0 } = answer;
    if ((status >= 200 && status < 300) || status === 416) return answer;
    answer.destroy();
    const isHub = url.origin === this.#hub.origin;
    const what = `${shown(url)} answers ${status}`;
    // A signed address of a content network gets old: the hub gives a new one.
    if (status === 429 || status === 408 || status >= 500 || (status === 403 && !isHub)) {
      const waitMs = retryAfterMs(answer.headers['retry-after']);
      throw new PassingHubError(what, waitMs === undefined ? {} : { retryAfterMs: waitMs });
    }
    if (status === 401 || status === 403) {
      throw new HubError(
        `${what}: it is not there, or needs a token (HF_TOKEN) of somebody who accepted its conditions.`,
      );
    }
    throw new HubError(`${what}.`);
  }

  #ask(url: URL, headers: Headers, signal: AbortSignal): Promise<IncomingMessage> {
    if (this.#options.isOffline) {
      throw new HubError(`GARNISH_OFFLINE is set: ${shown(url)} is not asked for.`);
    }
    signal.throwIfAborted();
    const { token, lookup, idleMs = IDLE_MS } = this.#options;
    const mayKnowToken = url.origin === this.#hub.origin && isPrivate(url);
    return new Promise((resolve, reject) => {
      const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, {
        agent: false,
        signal,
        rejectUnauthorized: true, // whatever the environment says
        ...(lookup === undefined ? {} : { lookup }),
        headers: {
          'user-agent': 'garnish',
          'accept-encoding': 'identity',
          ...headers,
          ...(token !== undefined && mayKnowToken ? { authorization: `Bearer ${token}` } : {}),
        },
      });
      let answer: IncomingMessage | undefined;
      request.setTimeout(idleMs, () => {
        (answer ?? request).destroy(new Error(`nothing came for ${idleMs / 1000} s`));
      });
      request.once('response', (message) => {
        answer = message;
        resolve(message);
      });
      request.on('error', (error: NodeJS.ErrnoException) => {
        const isFinal = BAD_CERTIFICATE.test(error.code ?? '');
        const Failure = isFinal ? HubError : PassingHubError;
        reject(new Failure(`${url.origin} cannot be asked: ${error.message}`, { cause: error }));
      });
      request.end();
    });
  }
}

/**
 * The body of an answer, chunk by chunk.
 * @throws PassingHubError when the connection breaks or falls silent.
 */
export async function* bodyOf(answer: IncomingMessage): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of answer) yield chunk as Buffer;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new PassingHubError(`The connection broke: ${reason}`, { cause });
  }
}
