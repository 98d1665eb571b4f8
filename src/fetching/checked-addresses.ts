/** The addresses that a host stands for, every one of them checked: the step before a connection. */
import { lookup as resolveName } from 'node:dns/promises';
import { isIP } from 'node:net';
import { type FetchPolicy, hostOf } from './fetch-policy.ts';
import type { RemoteUrl } from './remote-url.ts';

/** All addresses of a name. */
export type Resolver = (host: string) => Promise<readonly string[]>;

/** The system's resolver. */
export const systemResolver: Resolver = async (host) =>
  (await resolveName(host, { all: true })).map(({ address }) => address);

/** The system's resolver cannot be cancelled, but nobody has to wait for it. */
function resolveWithin(
  resolve: Resolver,
  host: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  return new Promise((done, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    resolve(host).then(done, reject);
  });
}

/**
 * Resolve a URL's host; a literal address is judged as it stands.
 * @throws Error when the policy refuses the host or any address of it, and for every cause of the
 *   resolver; the signal's reason when it fires.
 */
export async function checkedAddressesOf(
  url: RemoteUrl,
  policy: FetchPolicy,
  resolve: Resolver,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (!policy.isHostAllowed(url)) throw new Error('The host is not on the list of allowed hosts.');
  const host = hostOf(url);
  const addresses = isIP(host) === 0 ? await resolveWithin(resolve, host, signal) : [host];
  const refused = addresses.find((address) => !policy.isAddressAllowed(url, address));
  if (addresses.length === 0 || refused !== undefined) {
    throw new Error('The host stands for an address that is not allowed.');
  }
  return addresses;
}
