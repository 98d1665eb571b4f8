/**
 * Sends an event to an address that a caller named, under the rules of `image_url`: the name is
 * resolved at each attempt, every address must pass the policy, and the connection goes to one of
 * those only. A redirect is an answer like any other: it is not followed.
 */
import { isIP } from 'node:net';
import { invalidRequest } from '../errors.ts';
import { checkedAddressesOf, type Resolver, systemResolver } from './checked-addresses.ts';
import { requestChecked } from './checked-request.ts';
import { type FetchPolicy, hostOf } from './fetch-policy.ts';
import { parseRemoteUrl, type RemoteUrl } from './remote-url.ts';

/** Rules and seams of the target. */
export interface WebhookTargetOptions {
  readonly policy: FetchPolicy;
  /** Injected by tests; by default the system's resolver. */
  readonly resolve?: Resolver;
  /** Certificate (PEM) trusted instead of the system's; for tests. */
  readonly trustedCertificate?: string;
}

/** One POST. */
export interface WebhookPost {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Checks addresses of webhooks and sends to them. */
export class WebhookTarget {
  readonly #options: WebhookTargetOptions;

  constructor(options: WebhookTargetOptions) {
    this.#options = options;
  }

  /**
   * Check what can be told of an address without looking its name up.
   * @returns The address as it is sent to.
   * @throws ApiError `invalid_request`.
   */
  check(text: string): string {
    return this.#parse(text).href;
  }

  /**
   * Send one event. The answer's body is not read.
   * @returns Status of the answer.
   * @throws Error for every network cause and refused address; the signal's reason when it fires.
   */
  async post({ url: text, headers, body }: WebhookPost, signal: AbortSignal): Promise<number> {
    const { policy, resolve = systemResolver, trustedCertificate } = this.#options;
    const url = this.#parse(text); // again: the operator's rules may have changed since
    signal.throwIfAborted();
    const answer = await requestChecked(
      {
        url,
        method: 'POST',
        headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
        body: Buffer.from(body),
        addresses: await checkedAddressesOf(url, policy, resolve, signal),
        isAllowed: (address) => policy.isAddressAllowed(url, address),
        trustedCertificate,
      },
      signal,
    );
    answer.on('error', () => undefined); // what is cut off here is not wanted
    answer.destroy();
    return answer.statusCode ?? 0;
  }

  /** Hosts that the operator named may be plain HTTP, at any port: it is their network. */
  #parse(text: string): RemoteUrl {
    const { policy } = this.#options;
    const url = parseRemoteUrl(text, {
      field: 'url',
      article: 'a',
      isPortAllowed: policy.isPortAllowed,
      fail: invalidRequest,
    });
    if (url.protocol === 'http:' && !policy.isPortAllowed(url)) {
      throw invalidRequest('Expected an https address for url.');
    }
    const host = hostOf(url);
    const isRefused = isIP(host) !== 0 && !policy.isAddressAllowed(url, host);
    if (isRefused || !policy.isHostAllowed(url)) {
      throw invalidRequest('Expected a public address for url.');
    }
    return url;
  }
}
