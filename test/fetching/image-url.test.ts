import { isIP } from 'node:net';
import { describe, expect, test } from 'vitest';
import { ApiError } from '../../src/errors.ts';
import { createFetchPolicy, hostOf } from '../../src/fetching/fetch-policy.ts';
import { parseImageUrl } from '../../src/fetching/image-url.ts';
import { ipv4Spellings, ipv6Embeddings } from './spellings.ts';

const NOT_ABSOLUTE = 'Expected an absolute http or https address for image_url.';
const policy = createFetchPolicy({ allow: [], only: [], own: [] });

function refusal(text: string): string {
  try {
    parseImageUrl(text);
  } catch (error) {
    expect(error).toBeInstanceOf(ApiError);
    if (error instanceof ApiError) {
      expect([error.code, error.status]).toEqual(['invalid_image_url', 400]);
      return error.message;
    }
  }
  throw new Error(`${text} was accepted.`);
}

/** Whether the URL is refused by its form or by the address that its host is. */
function isRefused(text: string): boolean {
  let url: URL;
  try {
    url = parseImageUrl(text);
  } catch {
    return true;
  }
  const host = hostOf(url);
  // A spelling that stays a name goes to the resolver; none of these may.
  expect(isIP(host), `${text} became the name ${host}`).not.toBe(0);
  return !policy.isAddressAllowed(url, host);
}

describe('parseImageUrl', () => {
  test.each([
    '',
    'burger.jpg',
    '/burger.jpg',
    '//host.example/x.jpg',
    'http:127.0.0.1',
    'http:/127.0.0.1/',
    'http:///127.0.0.1/',
    'http://',
    'https://?x',
    'http://[::1',
    'http://a b/',
    'http://256.256.256.256/',
    'http://example.com:99999/',
    'file:///etc/passwd',
    'ftp://example.com/x.jpg',
    'gopher://example.com/',
    'javascript:alert(1)',
    'blob:https://example.com/1',
    'ws://example.com/',
    'view-source:http://example.com/',
    'http://a\\@127.0.0.1/',
    'http:\\\\127.0.0.1\\',
    'http://example.com\\.evil.example/',
    'http://1.1.1.1 &@2.2.2.2#@3.3.3.3/',
    ' http://example.com/',
    'http://example.com/ ',
    'http://exam\tple.com/',
    'http://example.com/\n',
    'http://exam\rple.com/',
    'http://example.com/\u0000',
    'http://example.com/\u007f',
    'http://example.com/\u0085',
    'http://example.com/\u00a0',
    'http://example.com/\u2028',
    'http://example.com/\ufeff',
  ])('refuses %j', (text) => {
    expect(refusal(text)).toBe(NOT_ABSOLUTE);
  });

  test.each(['data:image/png;base64,AAAA', 'DATA:,x', 'data:image/jpeg;base64,!!!'])(
    'points %s to the uploads',
    (text) => {
      expect(refusal(text)).toContain('POST /api/uploads');
    },
  );

  test.each([
    'http://user:pass@example.com/',
    'http://user@example.com/',
    'http://:p@example.com/',
  ])('refuses credentials: %s', (text) => {
    expect(refusal(text)).toBe('Expected an image_url without user name and password.');
  });

  test.each([22, 25, 6379, 0, 8080, 65535])('refuses port %d', (port) => {
    expect(refusal(`http://example.com:${port}/`)).toBe('Expected port 80 or 443 for image_url.');
  });

  test('takes 2,048 characters and no more', () => {
    const longest = 'http://example.com/'.padEnd(2048, 'x');
    expect(parseImageUrl(longest).href).toBe(longest);
    expect(refusal(`${longest}x`)).toBe('Expected at most 2048 characters for image_url.');
  });

  test.each([
    ['https://example.com/burger.jpg', 'example.com', ''],
    ['HTTPS://EXAMPLE.com:443/a%20b.jpg?x=1#y', 'example.com', ''],
    ['http://example.com:443/', 'example.com', '443'],
    ['https://example.com:80/', 'example.com', '80'],
    ['http://bücher.example/x', 'xn--bcher-kva.example', ''],
    ['http://1.1.1.1#@127.0.0.1/', '1.1.1.1', ''],
    ['http://example.com/@127.0.0.1/', 'example.com', ''],
  ])('takes %s', (text, host, port) => {
    const url = parseImageUrl(text);
    expect([url.hostname, url.port]).toEqual([host, port]);
  });

  test('asks about other ports', () => {
    const asked: string[] = [];
    const url = parseImageUrl('http://example.com:8080/', (candidate) => {
      asked.push(candidate.host);
      return true;
    });
    expect(url.port).toBe('8080');
    expect(asked).toEqual(['example.com:8080']);
  });
});

describe('spellings of addresses', () => {
  const targets = ['127.0.0.1', '169.254.169.254', '10.1.2.3', '100.100.100.200', '0.0.0.0'];

  test('are many', () => {
    const count = targets.flatMap((target) => [
      ...ipv4Spellings(target),
      ...ipv6Embeddings(target),
    ]);
    expect(new Set(count).size).toBeGreaterThan(500);
  });

  test.each(targets)('of %s are refused', (target) => {
    const hosts = [
      ...ipv4Spellings(target),
      ...ipv6Embeddings(target).map((address) => `[${address}]`),
    ];
    const accepted = hosts.flatMap((host) =>
      ['http', 'https']
        .map((scheme) => `${scheme}://${host}/x.jpg`)
        .filter((url) => !isRefused(url)),
    );
    expect(accepted).toEqual([]);
  });

  test('of a public address become that address, so that the refusals above say something', () => {
    const spelled = ipv4Spellings('93.184.216.34').map((host) =>
      hostOf(parseImageUrl(`http://${host}/`)),
    );
    expect(new Set(spelled)).toEqual(new Set(['93.184.216.34']));
    expect(isRefused('http://93.184.216.34/')).toBe(false);
  });

  test.each([
    'http://127.1/',
    'http://0/',
    'http://0x7f.1/',
    'http://[::]/',
    'http://[::1]/',
    'http://[::1%25lo]/',
    'http://[fd00:ec2::254]/',
    'http://168.63.129.16/',
    'http://255.255.255.255/',
    'http://224.0.0.1/',
  ])('%s is refused', (text) => {
    expect(isRefused(text)).toBe(true);
  });
});
