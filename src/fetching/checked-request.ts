/**
 * One request on a connection of its own that can only reach addresses checked before, by Node's own
 * client: the undici line for Node 20 ends the whole process, uncatchably, when a source closes its
 * connection while its body waits to be read (nodejs/undici issue 5360, fixed for Node 22 only).
 */
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type LookupFunction, type Socket } from 'node:net';
import type { RemoteUrl } from './remote-url.ts';

/** What is asked, and where it may go. */
export interface CheckedTarget {
  readonly url: RemoteUrl;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  /** Sent with its length; a GET has none. */
  readonly body?: Buffer | undefined;
  /** All that the host stands for; not asked for again. */
  readonly addresses: readonly string[];
  /** Judges the address that was really connected to. */
  readonly isAllowed: (address: string) => boolean;
  /** Certificate (PEM) trusted instead of the system's. */
  readonly trustedCertificate?: string | undefined;
}

const CONNECT_TIMEOUT_MS = 5_000;
const MAX_HEADER_BYTES = 16 * 1024;

/** Answers a look-up with the checked addresses. An IP literal is never looked up. */
function lookupOf(addresses: readonly string[]): LookupFunction {
  return (_host, options, callback) => {
    const found = addresses.map((address) => ({ address, family: isIP(address) }));
    const [first] = found;
    if (options.all === true || first === undefined) callback(null, found);
    else callback(null, first.address, first.family);
  };
}

/**
 * Ask for a URL, without proxy, cookies or keep-alive; TLS is verified whatever the environment says.
 * @returns The answer, its body unread: the caller reads or destroys it.
 * @throws Error for every network cause, and when the signal fires.
 */
export function requestChecked(
  target: CheckedTarget,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const { url, method, body, addresses, isAllowed, trustedCertificate } = target;
  const isTls = url.protocol === 'https:';
  return new Promise((resolve, reject) => {
    const request = (isTls ? requestHttps : requestHttp)(url, {
      method,
      agent: false,
      signal,
      lookup: lookupOf(addresses),
      maxHeaderSize: MAX_HEADER_BYTES,
      insecureHTTPParser: false,
      rejectUnauthorized: true,
      ...(trustedCertificate === undefined ? {} : { ca: trustedCertificate }),
      headers: {
        'accept-encoding': 'identity',
        'user-agent': 'garnish',
        ...(body === undefined ? {} : { 'content-length': String(body.length) }),
        ...target.headers,
      },
    });
    const connectTimer = setTimeout(
      () => request.destroy(new Error('The connection took too long.')),
      CONNECT_TIMEOUT_MS,
    );
    const onConnect = (socket: Socket): void => {
      const remote = socket.remoteAddress;
      // Nothing of the request has been written yet: that happens in end().
      if (remote !== undefined && isAllowed(remote)) request.end(body);
      else request.destroy(new Error('Connected to an address that is not allowed.'));
    };
    request.once('socket', (socket) => {
      socket.once('connect', () => onConnect(socket));
      socket.once(isTls ? 'secureConnect' : 'connect', () => clearTimeout(connectTimer));
    });
    request.once('response', resolve);
    request.on('error', reject); // after the answer, the reader of its body sees the error
    request.once('close', () => {
      clearTimeout(connectTimer);
      reject(new Error('The connection ended without an answer.'));
    });
  });
}
