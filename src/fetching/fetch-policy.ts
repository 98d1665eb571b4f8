/** The operator's word on which hosts may be fetched from: addresses, allow-list, only-list. */
import { isIP } from 'node:net';
import { type AddressRules, createAddressRules, parseRange } from './address-rules.ts';

/** Settings of the policy. */
export interface FetchPolicyOptions {
  /** Hosts, `host:port` and CIDR ranges that may be named although they are private. */
  readonly allow: readonly string[];
  /** If not empty, the only hosts. */
  readonly only: readonly string[];
  /** Addresses and host names of this server, refused unless `allow` names them. */
  readonly own: readonly string[];
}

/** Judges hosts and addresses. */
export interface FetchPolicy {
  /** Whether a host may be named at all. */
  isHostAllowed(url: URL): boolean;
  /** Whether a port other than 80 and 443 may be named. */
  isPortAllowed(url: URL): boolean;
  /** Whether an address that a host stands for may be connected to. */
  isAddressAllowed(url: URL, address: string): boolean;
}

/** Host of a URL without brackets and trailing dot, lower case. */
export function hostOf(url: URL): string {
  return url.hostname
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();
}

/** `host:port` as a list of the operator spells it: an IPv6 address in brackets. */
function hostAndPortOf(url: URL): string {
  const host = hostOf(url);
  return `${isIP(host) === 6 ? `[${host}]` : host}:${portOf(url)}`;
}

/** Builds the policy. */
export function createFetchPolicy(options: FetchPolicyOptions): FetchPolicy {
  const names = new Set(
    options.allow
      .filter((item) => parseRange(item) === undefined)
      .map((item) => item.toLowerCase()),
  );
  const ownNames = new Set(options.own.map((host) => host.toLowerCase()));
  const rules: AddressRules = createAddressRules(
    options.allow.filter((item) => parseRange(item) !== undefined),
    options.own,
  );
  const only = new Set(options.only.map((host) => host.toLowerCase()));
  const isNamed = (url: URL): boolean => names.has(hostOf(url)) || names.has(hostAndPortOf(url));
  const isOnly = (url: URL): boolean => only.has(hostOf(url)) || only.has(hostAndPortOf(url));
  return {
    // Our own name may stand for a proxy's public address; a fetch of it would come back to us.
    isHostAllowed: (url) =>
      (only.size === 0 || isOnly(url)) &&
      (isIP(hostOf(url)) !== 0 || !ownNames.has(hostOf(url)) || isNamed(url)),
    isPortAllowed: (url) =>
      isNamed(url) ||
      only.has(hostAndPortOf(url)) ||
      (isIP(hostOf(url)) !== 0 && parseableAllowed(options.allow, hostOf(url))),
    isAddressAllowed: (url, address) => isNamed(url) || rules.isAllowed(address),
  };
}

const portOf = (url: URL): string => url.port || (url.protocol === 'https:' ? '443' : '80');

/** Whether an address lies in a range of the allow-list. */
function parseableAllowed(allow: readonly string[], address: string): boolean {
  const ranges = allow.filter((item) => parseRange(item) !== undefined);
  return ranges.length > 0 && createAddressRules(ranges, [address]).isAllowed(address);
}
