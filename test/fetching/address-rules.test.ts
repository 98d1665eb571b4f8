import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  createAddressRules,
  isPublicAddress,
  parseRange,
} from '../../src/fetching/address-rules.ts';
import { ipv6Embeddings } from './spellings.ts';

/** First and last address of every denied IPv4 range. */
const DENIED_IPV4: readonly (readonly [string, string])[] = [
  ['0.0.0.0', '0.255.255.255'],
  ['10.0.0.0', '10.255.255.255'],
  ['100.64.0.0', '100.127.255.255'],
  ['127.0.0.0', '127.255.255.255'],
  ['168.63.129.16', '168.63.129.16'],
  ['169.254.0.0', '169.254.255.255'],
  ['172.16.0.0', '172.31.255.255'],
  ['192.0.0.0', '192.0.0.255'],
  ['192.0.2.0', '192.0.2.255'],
  ['192.88.99.0', '192.88.99.255'],
  ['192.168.0.0', '192.168.255.255'],
  ['198.18.0.0', '198.19.255.255'],
  ['198.51.100.0', '198.51.100.255'],
  ['203.0.113.0', '203.0.113.255'],
  ['224.0.0.0', '255.255.255.255'],
];

const toNumber = (address: string): number =>
  address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
const toAddress = (value: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
const isDenied = (value: number): boolean =>
  DENIED_IPV4.some(([first, last]) => value >= toNumber(first) && value <= toNumber(last));

const anyDenied = fc
  .constantFrom(...DENIED_IPV4)
  .chain(([first, last]) => fc.integer({ min: toNumber(first), max: toNumber(last) }))
  .map(toAddress);
const anyIpv4 = fc.integer({ min: 0, max: 2 ** 32 - 1 });

describe('isPublicAddress', () => {
  test.each(DENIED_IPV4)('refuses %s to %s and nothing beside it', (first, last) => {
    expect(isPublicAddress(first)).toBe(false);
    expect(isPublicAddress(last)).toBe(false);
    const before = toNumber(first) - 1;
    const after = toNumber(last) + 1;
    if (before >= 0) expect(isPublicAddress(toAddress(before))).toBe(!isDenied(before));
    if (after < 2 ** 32) expect(isPublicAddress(toAddress(after))).toBe(!isDenied(after));
  });

  test('agrees with the table of ranges for any IPv4 address', () => {
    fc.assert(
      fc.property(anyIpv4, (value) => isPublicAddress(toAddress(value)) === !isDenied(value)),
      { numRuns: 2000 },
    );
  });

  test.each([
    '::',
    '::1',
    '::2:1',
    '64:ff9b::808:808',
    '64:ff9b:1::1',
    '64:ff9b:1:ffff:ffff:ffff:ffff:ffff',
    '100::1',
    '1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
    '2001::1',
    '2001:1ff:ffff::1',
    '2001:db8::1',
    '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff',
    '2002::1',
    '2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
    '3fff::1',
    '3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff',
    '4000::1',
    '5f00::1',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
    'fe80::1%eth0',
    'febf::1',
    'fec0::1',
    'ff02::1',
    'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
  ])('refuses %s', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  test.each([
    '2000::1',
    '2001:200::1',
    '2001:db7:ffff::1',
    '2001:db9::1',
    '2001:4860:4860::8888',
    '2003::1',
    '2606:2800:220:1:248:1893:25c8:1946',
    '3ffe:ffff::1',
    '3fff:1000::1',
    '::ffff:8.8.8.8',
  ])('lets %s through', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  test.each([
    '',
    'localhost',
    '1.2.3.4.5',
    '256.1.1.1',
    '1.2.3.4/8',
    ':::',
    'example.com',
    '0135.1.1.1',
    '93.1',
    '1564530722',
  ])('refuses what is not an address: %j', (text) => {
    expect(isPublicAddress(text)).toBe(false);
  });

  test('refuses every embedding of every denied IPv4 address', () => {
    fc.assert(
      fc.property(anyDenied, (address) =>
        ipv6Embeddings(address).every((embedded) => !isPublicAddress(embedded)),
      ),
      { numRuns: 1000 },
    );
  });

  test('refuses every embedding of a public address but the mapped one', () => {
    const allowed = ipv6Embeddings('93.184.216.34').filter(isPublicAddress);
    expect(allowed).toEqual([
      '::ffff:93.184.216.34',
      '::ffff:5db8:d822',
      '0:0:0:0:0:FFFF:5db8:d822',
    ]);
  });

  test('refuses everything outside 2000::/3', () => {
    const words = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(words, ([first = 0, ...rest]) => {
        const outside = first >> 13 === 1 ? first ^ 0x4000 : first;
        // The all-zero head is the mapped form's, which its IPv4 address decides.
        fc.pre(outside !== 0);
        const address = [outside, ...rest].map((part) => part.toString(16)).join(':');
        return !isPublicAddress(address);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('createAddressRules', () => {
  test('refuses addresses of this machine in any notation', () => {
    const own = ['93.184.216.34', '2606:2800:220:1:248:1893:25c8:1946', 'not-an-address'];
    const rules = createAddressRules([], own);
    expect(rules.isAllowed('93.184.216.34')).toBe(false);
    expect(rules.isAllowed('::ffff:5db8:d822')).toBe(false);
    expect(rules.isAllowed('2606:2800:0220:0001:0248:1893:25C8:1946')).toBe(false);
    expect(rules.isAllowed('93.184.216.35')).toBe(true);
  });

  test('allows listed addresses and ranges, and nothing beside them', () => {
    const rules = createAddressRules(['10.1.0.0/16', '192.168.7.9', 'fd00:1::/32'], ['10.1.2.3']);
    expect(rules.isAllowed('10.1.255.255')).toBe(true);
    expect(rules.isAllowed('10.1.2.3')).toBe(true);
    expect(rules.isAllowed('10.2.0.0')).toBe(false);
    expect(rules.isAllowed('192.168.7.9')).toBe(true);
    expect(rules.isAllowed('192.168.7.8')).toBe(false);
    expect(rules.isAllowed('fd00:1::5')).toBe(true);
    expect(rules.isAllowed('fd00:2::5')).toBe(false);
    expect(rules.isAllowed('::ffff:10.1.0.1')).toBe(true);
    expect(rules.isAllowed('64:ff9b::10.1.0.1')).toBe(false);
  });

  test('ignores host names among the ranges', () => {
    expect(parseRange('files.internal')).toBeUndefined();
    expect(createAddressRules(['files.internal'], []).isAllowed('10.0.0.1')).toBe(false);
  });
});
