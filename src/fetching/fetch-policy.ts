/** The operator's word on which hosts may be fetched from: addresses, allow-list, only-list. */
import { isIP } from 'node:net';
import { type AddressRules, createAddressRules, parseRange } from './address-rules.ts';

/** Settings of the policy. */
export interface FetchPolicyOptions {
  /** Hosts, `host:port` and CIDR ranges that may be named although they are private. */
  readonly allow: readonly string[];
  /** If not empty, the only hosts. */
  readonly only: readonly string[];
  /** Addresses of this machine. */
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

/** Builds the policy. */
export function createFetchPolicy(options: FetchPolicyOptions): FetchPolicy {
  const names = new Set(
    options.allow
      .filter((item) => parseRange(item) === undefined)
      .map((item) => item.toLowerCase()),
  );
  const rules: AddressRules = createAddressRules(
    options.allow.filter((item) => parseRange(item) !== undefined),
    options.own,
  );
  const only = new Set(options.only.map((host) => host.toLowerCase()));
  const isNamed = (url: URL): boolean =>
    names.has(hostOf(url)) || names.has(`${hostOf(url)}:${portOf(url)}`);
  return {
    isHostAllowed: (url) =>
      only.size === 0 || only.has(hostOf(url)) || only.has(`${hostOf(url)}:${portOf(url)}`),
    isPortAllowed: (url) =>
      isNamed(url) ||
      only.has(`${hostOf(url)}:${portOf(url)}`) ||
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
