/** No connection ever reaches an address that is not allowed; a canary on loopback listens for one. */
import type { RequestListener } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Resolver } from '../../src/fetching/checked-addresses.ts';
import { Downloader } from '../../src/fetching/download.ts';
import { createFetchPolicy, type FetchPolicy } from '../../src/fetching/fetch-policy.ts';
import { publicPartOf, refusalOf, UNREACHABLE } from './attempt.ts';
import { downloaderFor, type LoopbackServer, serveHttp } from './loopback.ts';
import { ipv4Spellings, ipv6Embeddings } from './spellings.ts';

/** Plays a public address: allowed by the policies here, so that nothing beyond loopback is dialled. */
const PUBLIC = '127.0.0.2';
const PRIVATE = ['127.0.0.1', '::1', '10.0.0.1', '169.254.169.254', 'fd00:ec2::254', '0.0.0.0'];
const ok: RequestListener = (_req, res) => res.end('picture');

let canary: LoopbackServer;
let canary6: LoopbackServer | undefined;
let redirector: LoopbackServer;
let location = '';

beforeAll(async () => {
  canary = await serveHttp(ok);
  canary6 = await serveHttp(ok, '::1', canary.port).catch(() => undefined); // no IPv6 here
  redirector = await serveHttp((_req, res) => {
    // A header takes bytes; this sends the UTF-8 of spellings beyond ASCII.
    res.writeHead(302, { location: Buffer.from(location).toString('latin1') }).end();
  });
});
afterAll(async () => {
  expect(canary.connections() + (canary6?.connections() ?? 0)).toBe(0);
  await Promise.all([canary.close(), canary6?.close(), redirector.close()]);
});
beforeEach(() => {
  location = '';
});

/** The real rules, but any port, so that a hole in them would reach the canary. */
const anyPort = (policy: FetchPolicy): FetchPolicy => ({ ...policy, isPortAllowed: () => true });
const policyFor = (allow: readonly string[]) =>
  anyPort(createFetchPolicy({ allow, only: [], own: [] }));
const downloader = (resolve?: Resolver) =>
  downloaderFor([], {
    policy: policyFor([redirector.host, PUBLIC]),
    ...(resolve === undefined ? {} : { resolve }),
  });

const canaryHosts = (): readonly string[] => [
  ...ipv4Spellings('127.0.0.1'),
  '127.255.255.254',
  '0',
  '[::]',
  '[::1]',
  ...ipv6Embeddings('127.0.0.1').map((address) => `[${address}]`),
];

test('the canary sings when it is allowed', async () => {
  const singing = await serveHttp(ok);
  const error = await refusalOf(downloaderFor([singing.host], { maxBytes: 1 }), singing.url());
  expect(error.code).toBe('invalid_image');
  expect(singing.connections()).toBe(1);
  await singing.close();
});

describe('an address that is not allowed is refused', () => {
  test('as a literal in any spelling', async () => {
    for (const host of canaryHosts()) {
      const error = await refusalOf(downloader(), `http://${host}:${canary.port}/`);
      expect(publicPartOf(error), host).toEqual(UNREACHABLE);
    }
  });

  test('in a redirect, in any spelling', async () => {
    for (const host of canaryHosts()) {
      location = `http://${host}:${canary.port}/`;
      const error = await refusalOf(downloader(), redirector.url());
      expect(publicPartOf(error), host).toEqual(UNREACHABLE);
    }
    expect(redirector.connections()).toBeGreaterThanOrEqual(canaryHosts().length);
  });

  test.each([...PRIVATE, ...ipv6Embeddings('127.0.0.1')])('as the answer %s', async (address) => {
    const url = `http://photos.example:${canary.port}/`;
    for (const answer of [[address], [PUBLIC, address], [address, PUBLIC]]) {
      const error = await refusalOf(
        downloader(() => Promise.resolve(answer)),
        url,
      );
      expect(publicPartOf(error)).toEqual(UNREACHABLE);
    }
  });

  test.each(['localhost', 'localhost.', 'a.localhost', 'metadata.google.internal'])(
    'when %s stands for it',
    async (host) => {
      const asked: string[] = [];
      const resolve: Resolver = (name) => {
        asked.push(name);
        return Promise.resolve(['127.0.0.1']);
      };
      const error = await refusalOf(downloader(resolve), `http://${host}:${canary.port}/`);
      expect(publicPartOf(error)).toEqual(UNREACHABLE);
      expect(asked).toEqual([host.replace(/\.$/, '')]);
    },
  );

  test('when a redirect names a host that stands for it', async () => {
    location = `http://inside.example:${canary.port}/`;
    const resolve: Resolver = () => Promise.resolve(['127.0.0.1']);
    const error = await refusalOf(downloader(resolve), redirector.url());
    expect(publicPartOf(error)).toEqual(UNREACHABLE);
  });

  test('when a name has no address or an answer is none', async () => {
    for (const answer of [[], [''], ['127.1'], ['localhost']]) {
      const error = await refusalOf(
        downloader(() => Promise.resolve(answer)),
        `http://photos.example:${canary.port}/`,
      );
      expect(publicPartOf(error)).toEqual(UNREACHABLE);
    }
  });

  test('when fetchOnly does not name the host, without looking it up', async () => {
    const asked: string[] = [];
    const only = downloaderFor([], {
      policy: anyPort(createFetchPolicy({ allow: [], only: ['cdn.example'], own: [] })),
      resolve: (name) => {
        asked.push(name);
        return Promise.resolve([PUBLIC]);
      },
    });
    const error = await refusalOf(only, 'http://other.example/');
    expect(publicPartOf(error)).toEqual(UNREACHABLE);
    expect(asked).toEqual([]);
  });
});

describe('a name that changes its address', () => {
  /** Stands for the public address once, then for the canary. */
  const changing = () => {
    let asked = 0;
    const resolve: Resolver = () => {
      asked += 1;
      return Promise.resolve([asked === 1 ? PUBLIC : '127.0.0.1']);
    };
    return { resolve, asked: () => asked };
  };
  const options = (resolve: Resolver) => ({ policy: policyFor([PUBLIC]), resolve });

  test('is connected to where it was checked, and looked up once', async () => {
    const outside = await serveHttp((_req, res) => res.end(), PUBLIC, canary.port);
    const { resolve, asked } = changing();
    const error = await refusalOf(
      downloaderFor([], options(resolve)),
      `http://rebind.example:${canary.port}/`,
    );
    expect(error.message).toBe('The picture is empty.');
    expect([outside.connections(), asked()]).toEqual([1, 1]);
    await outside.close();
  });

  test('is checked again on the next hop', async () => {
    const again: RequestListener = (_req, res) =>
      res.writeHead(302, { location: '/again', connection: 'keep-alive' }).end();
    const outside = await serveHttp(again, PUBLIC, canary.port);
    const { resolve, asked } = changing();
    const error = await refusalOf(
      downloaderFor([], options(resolve)),
      `http://rebind.example:${canary.port}/`,
    );
    expect(publicPartOf(error)).toEqual(UNREACHABLE);
    expect([outside.connections(), asked()]).toEqual([1, 2]);
    await outside.close();
  });

  test('gets no request when the connected address is not allowed', async () => {
    let requests = 0;
    const server = await serveHttp((_req, res) => {
      requests += 1;
      res.end('picture');
    });
    let judged = 0;
    const policy: FetchPolicy = {
      ...policyFor([]),
      isAddressAllowed: () => {
        judged += 1;
        return judged === 1; // at the look-up only
      },
    };
    const error = await refusalOf(
      downloaderFor([], { policy, resolve: () => Promise.resolve(['127.0.0.1']) }),
      `http://photos.example:${server.port}/`,
    );
    expect(publicPartOf(error)).toEqual(UNREACHABLE);
    expect([judged, requests]).toEqual([2, 0]);
    await server.close();
  });
});

describe('blocked and unreachable', () => {
  const medianOf = (values: readonly number[]): number =>
    [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

  test('look alike, also in time', { retry: 2 }, async () => {
    const closed = await serveHttp(ok);
    await closed.close();
    const nobody: Resolver = () => Promise.reject(new Error('getaddrinfo ENOTFOUND'));
    const inside: Resolver = () => Promise.resolve(['127.0.0.1']);
    const medianMs = async (allow: readonly string[], resolve: Resolver): Promise<number> => {
      const client = new Downloader({
        policy: policyFor(allow),
        maxBytes: 1024,
        deadlineMs: 8_000,
        resolve,
      });
      const times: number[] = [];
      for (let round = 0; round < 7; round += 1) {
        const startedMs = performance.now();
        const error = await refusalOf(client, `http://photos.example:${closed.port}/`);
        times.push(performance.now() - startedMs);
        expect(publicPartOf(error)).toEqual(UNREACHABLE);
      }
      return medianOf(times);
    };
    const blockedMs = await medianMs([], inside);
    for (const otherMs of [await medianMs(['127.0.0.1'], inside), await medianMs([], nobody)]) {
      expect(otherMs / blockedMs).toBeGreaterThan(0.8);
      expect(otherMs / blockedMs).toBeLessThan(1.2);
    }
  });
});
