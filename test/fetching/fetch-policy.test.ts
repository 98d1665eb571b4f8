import { describe, expect, test } from 'vitest';
import { createFetchPolicy, hostOf } from '../../src/fetching/fetch-policy.ts';

const PRIVATE = '10.0.0.7';
const PUBLIC = '93.184.216.34';
const none = { allow: [], only: [], own: [] };

describe('hostOf', () => {
  test.each([
    ['http://[::1]:80/', '::1'],
    ['http://LOCALHOST./', 'localhost'],
    ['http://127.1/', '127.0.0.1'],
  ])('of %s is %s', (text, host) => {
    expect(hostOf(new URL(text))).toBe(host);
  });
});

describe('fetchAllow', () => {
  test('lets a named host have any address and port', () => {
    const policy = createFetchPolicy({ ...none, allow: ['Files.Internal'] });
    const url = new URL('http://files.internal:9000/x');
    expect(policy.isPortAllowed(url)).toBe(true);
    expect(policy.isAddressAllowed(url, PRIVATE)).toBe(true);
    const other = new URL('http://other.internal:9000/x');
    expect(policy.isPortAllowed(other)).toBe(false);
    expect(policy.isAddressAllowed(other, PRIVATE)).toBe(false);
    expect(policy.isAddressAllowed(new URL('http://x.files.internal/'), PRIVATE)).toBe(false);
  });

  test.each([
    ['127.0.0.1:9000', 'http://127.0.0.1:9000/', 'http://127.0.0.1:9001/', '127.0.0.1'],
    ['files.internal:9000', 'http://files.internal:9000/', 'http://files.internal/', PRIVATE],
    ['files.internal:443', 'https://files.internal/', 'http://files.internal/', PRIVATE],
    ['[::1]:9000', 'http://[::1]:9000/', 'http://[::1]:9001/', '::1'],
    ['[::1]:9000', 'http://[::1]:9000/', 'http://[::1:9000]/', '::1'],
  ])('%s allows %s but not %s', (allow, good, bad, address) => {
    const policy = createFetchPolicy({ ...none, allow: [allow] });
    expect(policy.isAddressAllowed(new URL(good), address)).toBe(true);
    expect(policy.isPortAllowed(new URL(good))).toBe(true);
    expect(policy.isAddressAllowed(new URL(bad), address)).toBe(false);
  });

  test('lets names and literals reach a range, but only literals choose a port', () => {
    const policy = createFetchPolicy({ ...none, allow: ['10.0.0.0/8', 'fd00::/8'] });
    expect(policy.isAddressAllowed(new URL('http://anything.example/'), PRIVATE)).toBe(true);
    expect(policy.isAddressAllowed(new URL('http://anything.example/'), '192.168.0.1')).toBe(false);
    expect(policy.isPortAllowed(new URL(`http://${PRIVATE}:9000/`))).toBe(true);
    expect(policy.isPortAllowed(new URL('http://[fd00::1]:9000/'))).toBe(true);
    expect(policy.isPortAllowed(new URL('http://anything.example:9000/'))).toBe(false);
    expect(policy.isPortAllowed(new URL(`http://${PUBLIC}:9000/`))).toBe(false);
  });
});

describe('fetchOnly', () => {
  test('leaves no other host, and does not lift the address rules', () => {
    const policy = createFetchPolicy({ ...none, only: ['cdn.example', 'shop.example:8443'] });
    expect(policy.isHostAllowed(new URL('https://cdn.example/x'))).toBe(true);
    expect(policy.isHostAllowed(new URL('https://CDN.example./x'))).toBe(true);
    expect(policy.isHostAllowed(new URL('https://cdn.example.evil/x'))).toBe(false);
    expect(policy.isHostAllowed(new URL('https://a.cdn.example/x'))).toBe(false);
    expect(policy.isHostAllowed(new URL(`https://${PUBLIC}/x`))).toBe(false);
    expect(policy.isHostAllowed(new URL('https://shop.example:8443/x'))).toBe(true);
    expect(policy.isPortAllowed(new URL('https://shop.example:8443/x'))).toBe(true);
    expect(policy.isHostAllowed(new URL('https://shop.example/x'))).toBe(false);
    expect(policy.isAddressAllowed(new URL('https://cdn.example/x'), PRIVATE)).toBe(false);
    expect(policy.isAddressAllowed(new URL('https://cdn.example/x'), PUBLIC)).toBe(true);
  });

  test('works together with fetchAllow', () => {
    const policy = createFetchPolicy({ ...none, only: ['a.internal'], allow: ['a.internal', 'b'] });
    expect(policy.isAddressAllowed(new URL('http://a.internal/'), PRIVATE)).toBe(true);
    expect(policy.isHostAllowed(new URL('http://b/'))).toBe(false);
  });
});

describe('own addresses and names', () => {
  const own = [PUBLIC, 'api.example'];

  test('are refused', () => {
    const policy = createFetchPolicy({ ...none, own });
    expect(policy.isAddressAllowed(new URL('http://x.example/'), PUBLIC)).toBe(false);
    expect(policy.isHostAllowed(new URL('https://API.example./healthz'))).toBe(false);
    expect(policy.isHostAllowed(new URL('https://www.api.example/'))).toBe(true);
  });

  test('are allowed when the operator names them', () => {
    const policy = createFetchPolicy({ ...none, own, allow: [PUBLIC, 'api.example'] });
    expect(policy.isHostAllowed(new URL('https://api.example/'))).toBe(true);
    expect(policy.isHostAllowed(new URL(`http://${PUBLIC}/`))).toBe(true);
    expect(policy.isAddressAllowed(new URL('http://x.example/'), PUBLIC)).toBe(true);
  });
});
