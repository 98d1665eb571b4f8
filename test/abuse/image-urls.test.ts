/** What `image_url` may name, cases 57-73 of the abuse list: one refusal for all, nothing reached, no charge. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { downloaderFor, serveHttps } from '../fetching/loopback.ts';
import { selfSigned } from '../fetching/self-signed.ts';
import { drawPlate, encoded } from '../support/pictures.ts';
import { codeOf, startTestServer, type TestServer } from '../support/server.ts';

let garnish: TestServer;
let source: Server;
let sourceUrl: string;
let canary: Server;
let canaryHits = 0;
let canaryPort: number;

const listen = (server: Server): Promise<number> =>
  new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });

beforeAll(async () => {
  const picture = await encoded(drawPlate(64, 48));
  canary = createServer((_req, res) => {
    canaryHits += 1;
    res.end(picture);
  });
  canaryPort = await listen(canary);
  source = createServer((req, res) => answerSource(req.url ?? '/', res, picture));
  const port = await listen(source);
  sourceUrl = `http://127.0.0.1:${port}`;
  garnish = await startTestServer({
    GARNISH_FETCH_ALLOW: `127.0.0.1:${port},127.0.0.1:1,localhost:${port}`,
    GARNISH_FETCH_DEADLINE_S: '2',
    GARNISH_MAX_SOURCE_BYTES: '1000000',
  });
});
afterAll(async () => {
  await garnish.stop();
  source.closeAllConnections();
  canary.closeAllConnections();
  source.close();
  canary.close();
});

type SourceResponse = import('node:http').ServerResponse;

/** A source that behaves as its path says. */
function answerSource(path: string, res: SourceResponse, picture: Buffer): void {
  const redirect = (location: string, status = 302) => {
    res.writeHead(status, { Location: location }).end();
  };
  const status = /^\/status\/(\d+)$/.exec(path)?.[1];
  if (status !== undefined) {
    res.writeHead(Number(status)).end(Number(status) === 204 ? undefined : picture);
    return;
  }
  const answers: Readonly<Record<string, () => void>> = {
    '/good.jpg': () => res.end(picture),
    '/lies.jpg': () => res.setHeader('Content-Type', 'text/html').end(picture),
    '/page.html': () => res.setHeader('Content-Type', 'image/jpeg').end('<!doctype html>'),
    '/to-canary': () => redirect(`http://127.0.0.1:${canaryPort}/`),
    '/to-private': () => redirect('http://169.254.169.254/latest/meta-data/'),
    '/to-file': () => redirect('file:///etc/passwd'),
    '/loop': () => redirect('/loop'),
    '/hop/1': () => redirect('/hop/2'),
    '/hop/2': () => redirect('/hop/3'),
    '/hop/3': () => redirect('/good.jpg'),
    '/hop/0': () => redirect('/hop/1'),
    '/nowhere': () => res.writeHead(302).end(),
    '/silent': () => undefined,
    '/slow': () => {
      res.writeHead(200, { 'Content-Length': String(picture.length) });
      const drip = setInterval(() => res.write('x'), 200);
      res.on('close', () => clearInterval(drip));
    },
    '/endless': () => {
      const chunk = Buffer.alloc(65_536);
      const more = () => {
        while (!res.destroyed && res.write(chunk));
      };
      res.on('drain', more);
      more();
    },
    '/large-header': () => {
      res.writeHead(200, { 'Content-Length': '999999999' });
      res.write(picture);
    },
    '/short': () => {
      res.writeHead(200, { 'Content-Length': String(picture.length + 100) });
      res.write(picture, () => res.destroy());
    },
    '/gzip': () => res.setHeader('Content-Encoding', 'gzip').end(picture),
    '/empty': () => res.end(),
  };
  (answers[path] ?? (() => res.writeHead(404).end()))();
}

/** The refusal's text. */
async function refusalOf(url: unknown, code = 'invalid_image_url'): Promise<string> {
  const before = garnish.balance();
  const answer = await garnish.post('/api/upscale', { image_url: url });
  expect([answer.status, codeOf(answer)]).toEqual([400, code]);
  expect(garnish.balance()).toBe(before);
  return answer.text;
}

async function expectRefused(url: unknown, code?: string): Promise<void> {
  await refusalOf(url, code);
}

describe('sources that are fine', () => {
  it.each(['/good.jpg', '/lies.jpg', '/hop/1'])('%s', async (path) => {
    const answer = await garnish.post('/api/upscale', { image_url: `${sourceUrl}${path}` });
    expect(answer.status).toBe(200);
  });
});

describe('malformed', () => {
  it.each([
    ['57', 'burger.jpg'],
    ['57', '//example.com/x.jpg'],
    ['57', 'http:127.0.0.1'],
    ['57', ''],
    ['57', `https://example.com/${'x'.repeat(2048)}`],
    ['58', 'file:///etc/passwd'],
    ['58', 'ftp://example.com/x.jpg'],
    ['58', 'gopher://example.com/'],
    ['58', 'javascript:alert(1)'],
    ['58', 'blob:https://example.com/1'],
    ['59', 'data:image/png;base64,iVBORw0KGgo='],
    ['59', 'data:,x'],
    ['60', 'https://user:pass@example.com/x.jpg'],
    ['60', 'https://user@example.com/x.jpg'],
    ['60', 'http://example.com:22/'],
    ['60', 'http://example.com:6379/'],
    ['60', 'http://example.com:25/'],
    ['60', 'http://example.com:0/'],
    ['68', 'http://a\\@127.0.0.1/'],
    ['68', 'http://1.1.1.1 &@2.2.2.2#@3.3.3.3/'],
    ['68', 'http://exa\tmple.com/'],
    ['68', 'http://exa\nmple.com/'],
  ])('case %s: %j', (_case, url) => expectRefused(url));
});

describe('addresses that are not public', () => {
  it.each([
    ['61', ['127.0.0.1', '127.1', '2130706433', '0x7f.1', '0177.0.0.1', '017700000001']],
    ['61', ['%31%32%37.0.0.1', '１２７.０.０.１', '127.0.0.1.', '127。0。0。1']],
    ['62', ['0', '0.0.0.0', '[::]', '[::1]', 'localhost', 'localhost.', 'a.localhost']],
    ['63', ['169.254.169.254', '0xA9FEA9FE', 'metadata.google.internal', '[fd00:ec2::254]']],
    ['63', ['100.100.100.200', '168.63.129.16']],
    ['64', ['10.0.0.1', '172.16.0.1', '192.168.1.1', '100.64.0.1', '198.18.0.1', '192.0.0.1']],
    ['64', ['240.0.0.1', '255.255.255.255', '224.0.0.1']],
    ['65', ['[::ffff:7f00:1]', '[::127.0.0.1]', '[64:ff9b::7f00:1]', '[64:ff9b:1::7f00:1]']],
    ['65', ['[2002:7f00:1::]', '[2001:0:7f00:1::]', '[2001:db8::1]', '[fe80::1]', '[fc00::1]']],
    ['65', ['[fec0::1]', '[2001:4860::5efe:7f00:1]', '[ff02::1]']],
  ])('case %s: %j', async (_case, hosts) => {
    for (const host of hosts) await expectRefused(`http://${host}/x.jpg`);
  });

  it('cases 66 and 67: names that stand for such an address, also only at the second look-up', async () => {
    const { ApiError } = await import('../../src/errors.ts');
    const { parseImageUrl } = await import('../../src/fetching/image-url.ts');
    const lists = [['127.0.0.1'], ['93.184.216.34', '::1'], ['10.0.0.7', '93.184.216.34'], []];
    for (const addresses of lists) {
      const downloader = downloaderFor([], { resolve: () => Promise.resolve(addresses) });
      const url = parseImageUrl('http://rebind.example/x.jpg');
      const attempt = downloader.downloadTo(url, '/nonexistent/x', new AbortController().signal);
      await expect(attempt).rejects.toBeInstanceOf(ApiError);
    }
  });
});

describe('redirects', () => {
  it.each(['/to-canary', '/to-private', '/to-file', '/loop', '/hop/0', '/nowhere'])(
    'case 69: %s',
    (path) => expectRefused(`${sourceUrl}${path}`),
  );
});

describe('our own addresses', () => {
  it.each([
    '/api/models',
    '/cdn/nobg/abcdefghijklmnopqrstuvwxyz.png',
    '/uploads/abcdefghijklmnopqrstuvwxyz',
    '/',
  ])('case 70: %s', (path) => expectRefused(`${garnish.url}${path}`));

  it("case 70: another account's upload", async () => {
    const { key } = garnish.newKey();
    const url = await garnish.upload(await encoded(drawPlate(32, 32)), key);
    await expectRefused(url);
  });
});

describe('sources that fail', () => {
  it.each([
    ...[401, 403, 404, 410, 500, 503, 204, 206, 304].map((status) => `/status/${status}`),
    '/silent',
    '/slow',
    '/short',
    '/gzip',
  ])('cases 71-73: %s', (path) => expectRefused(`${sourceUrl}${path}`));

  it('case 71: a port where nobody listens, and a name that is not there', async () => {
    await expectRefused('http://127.0.0.1:1/x.jpg');
    await expectRefused('https://nothing.invalid/x.jpg');
  });

  it('case 71: a certificate nobody vouches for', async () => {
    const tls = await serveHttps(
      selfSigned('127.0.0.1', new Date(Date.now() + 86_400_000)),
      (_req, res) => res.end('x'),
    );
    const other = await startTestServer({ GARNISH_FETCH_ALLOW: tls.host });
    try {
      const url = `https://${tls.host}/x.jpg`;
      expect(codeOf(await other.post('/api/upscale', { image_url: url }))).toBe(
        'invalid_image_url',
      );
    } finally {
      await other.stop();
      await tls.close();
    }
  });

  it.each(['/endless', '/large-header', '/empty', '/page.html'])(
    'cases 73 and 74: %s is no usable picture',
    (path) => expectRefused(`${sourceUrl}${path}`, 'invalid_image'),
  );

  it('gives one sentence for every network cause', async () => {
    const texts = new Set<string>();
    for (const url of [
      'http://127.0.0.1/x',
      'http://127.0.0.1:1/x',
      `${sourceUrl}/status/404`,
      `${sourceUrl}/loop`,
    ]) {
      texts.add(await refusalOf(url));
    }
    expect(texts.size).toBe(1);
  });
});

it('never reached the canary', () => {
  expect(canaryHits).toBe(0);
});

it('opens no socket when offline', async () => {
  const other = await startTestServer({
    GARNISH_OFFLINE: '1',
    GARNISH_FETCH_ALLOW: new URL(sourceUrl).host,
  });
  try {
    const answer = await other.post('/api/upscale', { image_url: `${sourceUrl}/good.jpg` });
    expect([answer.status, codeOf(answer)]).toEqual([400, 'invalid_image_url']);
    const own = await other.upload(await encoded(drawPlate(32, 32)));
    expect((await other.post('/api/upscale', { image_url: own })).status).toBe(200);
  } finally {
    await other.stop();
  }
});
