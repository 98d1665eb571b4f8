/**
 * Which addresses the server may open a connection to on a caller's behalf. Pure: no I/O. Only
 * global unicast addresses pass; the ranges are those of IANA's special-purpose registries
 * (RFC 6890 and its updates), written out here because a missing one is a hole. IPv6 that carries
 * an IPv4 address is judged by that address (mapped) or refused altogether (every other form).
 */
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

const DENIED_IPV4 = [
  '0.0.0.0/8', // this network, RFC 791
  '10.0.0.0/8', // private, RFC 1918
  '100.64.0.0/10', // shared by carriers, RFC 6598
  '127.0.0.0/8', // loopback, RFC 1122
  '168.63.129.16/32', // a cloud's internal services, public only by its number
  '169.254.0.0/16', // link local, cloud metadata, RFC 3927
  '172.16.0.0/12', // private, RFC 1918
  '192.0.0.0/24', // protocol assignments, RFC 6890
  '192.0.2.0/24', // documentation, RFC 5737
  '192.88.99.0/24', // 6to4 relays, RFC 7526
  '192.168.0.0/16', // private, RFC 1918
  '198.18.0.0/15', // benchmarking, RFC 2544
  '198.51.100.0/24', // documentation, RFC 5737
  '203.0.113.0/24', // documentation, RFC 5737
  '224.0.0.0/4', // multicast, RFC 5771
  '240.0.0.0/4', // reserved and broadcast, RFC 1112
].map((range) => ipaddr.IPv4.parseCIDR(range));

/** The only IPv6 block that is handed out for global unicast, RFC 4291 and IANA. */
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3');

const DENIED_IPV6 = [
  '2001::/23', // protocol assignments, Teredo among them, RFC 2928, RFC 4380
  '2001:db8::/32', // documentation, RFC 3849
  '2002::/16', // 6to4, RFC 3056
  '3fff::/20', // documentation, RFC 9637
].map((range) => ipaddr.IPv6.parseCIDR(range));

/** Interface identifiers of ISATAP carry an IPv4 address, RFC 5214. */
const ISATAP_WORDS: readonly number[] = [0x0000, 0x0200];
const ISATAP_MARK = 0x5efe;

/** Addresses and ranges an operator allows although they are private. */
export interface AddressRules {
  /** Judges an address as resolvers and parsed URLs write it; what is not one is refused. */
  isAllowed(address: string): boolean;
}

function isPublicIpv6(address: ipaddr.IPv6): boolean {
  if (!address.match(GLOBAL_IPV6)) return false;
  if (DENIED_IPV6.some((range) => address.match(range))) return false;
  const [, , , , word4 = 0, word5 = 0] = address.parts;
  return !(ISATAP_WORDS.includes(word4) && word5 === ISATAP_MARK);
}

/** `::a.b.c.d` (compatible, RFC 4291), which ipaddr.js takes for the mapped `::ffff:a.b.c.d`. */
const COMPATIBLE = /^::\d+\./;

/** Reads an address, `::ffff:a.b.c.d` as `a.b.c.d`; ipaddr.js alone would read octal and short forms. */
function readAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  return isIP(text) === 0 || COMPATIBLE.test(text) ? undefined : ipaddr.process(text);
}

function isPublic(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  return address instanceof ipaddr.IPv4
    ? !DENIED_IPV4.some((range) => address.match(range))
    : isPublicIpv6(address);
}

/** Whether an address is one that anybody on the internet could reach. */
export function isPublicAddress(address: string): boolean {
  const parsed = readAddress(address);
  return parsed !== undefined && isPublic(parsed);
}

/** Parses `10.1.0.0/16` or a single address; undefined for a host name. */
export function parseRange(text: string): [ipaddr.IPv4 | ipaddr.IPv6, number] | undefined {
  if (ipaddr.isValidCIDR(text)) return ipaddr.parseCIDR(text);
  if (!ipaddr.isValid(text)) return undefined;
  const address = ipaddr.process(text);
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}

/**
 * Build the rules.
 * @param allowed Addresses and CIDR ranges allowed although they are private.
 * @param own Addresses of this machine, always refused unless allowed.
 */
export function createAddressRules(
  allowed: readonly string[],
  own: readonly string[],
): AddressRules {
  const allowedRanges = allowed.map(parseRange).filter((range) => range !== undefined);
  const ownAddresses = new Set(own.map((address) => readAddress(address)?.toString()));
  return {
    isAllowed: (address) => {
      const parsed = readAddress(address);
      if (parsed === undefined) return false;
      const isListed = allowedRanges.some(
        ([range, bits]) => range.kind() === parsed.kind() && parsed.match([range, bits] as never),
      );
      return isListed || (isPublic(parsed) && !ownAddresses.has(parsed.toString()));
    },
  };
}
