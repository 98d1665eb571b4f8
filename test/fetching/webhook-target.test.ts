/** Where webhooks may go: the rules of image_url, for a POST. A canary on loopback hears any slip. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ApiError } from '../../src/errors.ts';
import { createFetchPolicy, type FetchPolicy } from '../../src/fetching/fetch-policy.ts';
import { WebhookTarget } from '../../src/fetching/webhook-target.ts';
import { type LoopbackServer, serveHttp, serveHttps } from './loopback.ts';
import { selfSigned } from './self-signed.ts';
import { ipv4Spellings } from './spellings.ts';

const post = { headers: {}, body: '{}' };
const { signal } = new AbortController();
const policyFor = (...allow: string[]) => createFetchPolicy({ allow, only: [], own: [] });
const target = (...allow: string[]) => new WebhookTarget({ policy: policyFor(...allow) });

let canary: LoopbackServer;
beforeAll(async () => {
  canary = await serveHttp((_req, res) => res.end());
});
afterAll(async () => {
  expect(canary.connections()).toBe(0);
  await canary.close();
});

function refusal(text: string, ...allow: string[]): string {
  try {
    target(...allow).check(text);
  } catch (error) {
    if (error instanceof ApiError && error.code === 'invalid_request') return error.message;
    throw error;
  }
  return 'accepted';
}

describe('when it is stored', () => {
  const PUBLIC = 'Expected a public address for url.';
  const HTTPS = 'Expected an https address for url.';
  test.each([
    ['https://hooks.example/a?b=1', 'accepted'],
    ['https://93.184.216.34/', 'accepted'],
    ['http://hooks.example/', HTTPS],
    ['https://hooks.example:8443/', 'Expected port 80 or 443 for url.'],
    ['https://user:pass@hooks.example/', 'Expected a url without user name and password.'],
    ['ftp://hooks.example/', 'Expected an absolute http or https address for url.'],
    ['hooks.example', 'Expected an absolute http or https address for url.'],
    ['https://10.0.0.1/', PUBLIC],
    ['https://169.254.169.254/latest/meta-data/', PUBLIC],
    ['https://[::1]/', PUBLIC],
    ['https://[::ffff:127.0.0.1]/', PUBLIC],
  ])('%s: %s', (text, expected) => {
    expect(refusal(text)).toBe(expected);
  });

  test('loopback is refused in every spelling', () => {
    for (const host of ipv4Spellings('127.0.0.1')) {
      expect(refusal(`https://${host}/`), host).toBe(PUBLIC);
    }
  });

  test('a host that the operator names may be private, plain and at any port', () => {
    expect(refusal('http://hooks.internal:8080/', 'hooks.internal:8080')).toBe('accepted');
    expect(refusal('http://10.0.0.1:8080/', '10.0.0.0/8')).toBe('accepted');
    expect(refusal('http://10.0.0.1:8080/', '10.1.0.0/16')).not.toBe('accepted');
  });

  test('fetchOnly and our own names count too', () => {
    const only = createFetchPolicy({
      allow: [],
      only: ['hooks.example'],
      own: ['garnish.example'],
    });
    const strict = new WebhookTarget({ policy: only });
    expect(strict.check('https://hooks.example/')).toBe('https://hooks.example/');
    expect(() => strict.check('https://other.example/')).toThrow(PUBLIC);
    const own = createFetchPolicy({ allow: [], only: [], own: ['garnish.example'] });
    expect(() => new WebhookTarget({ policy: own }).check('https://garnish.example/')).toThrow(
      PUBLIC,
    );
  });
});

describe('when it is sent to', () => {
  /** The real rules, but any port and scheme, so that a hole in them would reach the canary. */
  const anyPort = (policy: FetchPolicy): FetchPolicy => ({ ...policy, isPortAllowed: () => true });

  test.each([[['127.0.0.1']], [['93.184.216.34', '127.0.0.1']], [['::1']], [[]]])(
    'a name that stands for %j is refused',
    async (addresses) => {
      const inside = new WebhookTarget({
        policy: anyPort(policyFor()),
        resolve: () => Promise.resolve(addresses),
      });
      const url = `http://hooks.example:${canary.port}/`;
      expect(inside.check(url)).toBe(url);
      await expect(inside.post({ url, ...post }, signal)).rejects.toThrow('not allowed');
    },
  );

  test('an address that the rules no longer allow is refused', async () => {
    const url = `http://${canary.host}/`;
    expect(target(canary.host).check(url)).toBe(url);
    await expect(target().post({ url, ...post }, signal)).rejects.toThrow(ApiError);
  });

  test('a redirect is an answer and is not followed', async () => {
    const server = await serveHttp((_req, res) =>
      res.writeHead(307, { location: `http://${canary.host}/` }).end(),
    );
    const status = await target(server.host, canary.host).post(
      { url: server.url('/'), ...post },
      signal,
    );
    expect(status).toBe(307);
    await server.close();
  });

  test('an answer without end is not waited for', async () => {
    const server = await serveHttp((_req, res) => {
      res.writeHead(200);
      const timer = setInterval(() => res.write('x'.repeat(65_536)), 1);
      res.once('close', () => clearInterval(timer));
    });
    expect(await target(server.host).post({ url: server.url('/'), ...post }, signal)).toBe(200);
    await server.close();
  });

  test('a certificate of another host is refused before a byte of the event is sent', async () => {
    const identity = selfSigned('other.example', new Date(Date.now() + 86_400_000));
    let requests = 0;
    const server = await serveHttps(identity, (_req, res) => {
      requests += 1;
      res.end();
    });
    const trusting = new WebhookTarget({
      policy: policyFor(`hooks.example:${server.port}`),
      resolve: () => Promise.resolve(['127.0.0.1']),
      trustedCertificate: identity.cert,
    });
    const url = `https://hooks.example:${server.port}/`;
    await expect(trusting.post({ url, ...post }, signal)).rejects.toThrow();
    expect(requests).toBe(0);
    await server.close();
  });

  test('the signal ends it', async () => {
    const server = await serveHttp(() => undefined);
    const soon = AbortSignal.timeout(50);
    await expect(
      target(server.host).post({ url: server.url('/'), ...post }, soon),
    ).rejects.toThrow();
    await server.close();
  });
});
