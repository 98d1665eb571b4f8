import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import type { Downloader } from '../../src/fetching/download.ts';
import { parseImageUrl } from '../../src/fetching/image-url.ts';
import { publicPartOf, refusalOf, UNREACHABLE } from './attempt.ts';
import { downloaderFor, serveHttp, serveHttps } from './loopback.ts';
import { scratchFolder } from './scratch.ts';
import { selfSigned } from './self-signed.ts';

const HOST = 'photos.example';
const DAY_MS = 86_400_000;
const good = selfSigned(HOST, new Date(Date.now() + DAY_MS));
const expired = selfSigned(HOST, new Date(Date.now() - DAY_MS));

afterEach(() => vi.unstubAllEnvs());

async function servedOverTls(identity: typeof good, handler: RequestListener) {
  let requests = 0;
  const server = await serveHttps(identity, (req, res) => {
    requests += 1;
    handler(req, res);
  });
  onTestFinished(() => server.close());
  return { server, requests: () => requests };
}

/** Every name stands for loopback, and every host here may. */
const trusting = (trustedCertificate?: string): Downloader =>
  downloaderFor([HOST, 'other.example', '127.0.0.1'], {
    resolve: () => Promise.resolve(['127.0.0.1']),
    ...(trustedCertificate === undefined ? {} : { trustedCertificate }),
  });

const fetched = async (downloader: Downloader, url: string): Promise<number> => {
  const file = join(scratchFolder(), 'source');
  const { signal } = new AbortController();
  return (
    await downloader.downloadTo(
      parseImageUrl(url, () => true),
      file,
      signal,
    )
  ).bytes;
};

const picture: RequestListener = (_req, res) => res.end('picture');
const redirectTo =
  (location: () => string): RequestListener =>
  (req, res) =>
    req.url === '/end' ? res.end('picture') : res.writeHead(302, { location: location() }).end();

test('a certificate that is trusted and names the host is taken', async () => {
  const { server } = await servedOverTls(good, picture);
  expect(await fetched(trusting(good.cert), `https://${HOST}:${server.port}/`)).toBe(7);
});

test.each([
  ['is not trusted', good, undefined, HOST, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ['has expired', expired, expired.cert, HOST, 'CERT_HAS_EXPIRED'],
  ['names another host', good, good.cert, 'other.example', 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ['names no address', good, good.cert, '127.0.0.1', 'ERR_TLS_CERT_ALTNAME_INVALID'],
])('a certificate that %s is refused, whatever the environment says', async (...row) => {
  const [, identity, trusted, host, code] = row;
  const { server, requests } = await servedOverTls(identity, picture);
  for (const reject of [undefined, '0']) {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', reject);
    const error = await refusalOf(trusting(trusted), `https://${host}:${server.port}/`);
    expect(publicPartOf(error)).toEqual(UNREACHABLE);
    expect(error.details.cause).toMatchObject({ code });
  }
  expect(requests()).toBe(0);
});

test('plain HTTP where TLS is expected is unreachable, and the other way round', async () => {
  const plain = await serveHttp(picture);
  onTestFinished(() => plain.close());
  const { server } = await servedOverTls(good, picture);
  for (const url of [`https://${HOST}:${plain.port}/`, `http://${HOST}:${server.port}/`]) {
    expect(publicPartOf(await refusalOf(trusting(good.cert), url))).toEqual(UNREACHABLE);
  }
});

test('a redirect from https to http is refused without a connection', async () => {
  const plain = await serveHttp(picture);
  onTestFinished(() => plain.close());
  const { server, requests } = await servedOverTls(
    good,
    redirectTo(() => plain.url()),
  );
  const error = await refusalOf(trusting(good.cert), `https://${HOST}:${server.port}/`);
  expect(publicPartOf(error)).toEqual(UNREACHABLE);
  expect([requests(), plain.connections()]).toEqual([1, 0]);
});

test('redirects from http to https and within https are followed', async () => {
  const { server } = await servedOverTls(
    good,
    redirectTo(() => '/end'),
  );
  const plain = await serveHttp(redirectTo(() => `https://${HOST}:${server.port}/`));
  onTestFinished(() => plain.close());
  expect(await fetched(trusting(good.cert), `http://${HOST}:${plain.port}/`)).toBe(7);
});
