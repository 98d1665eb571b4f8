import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { parseImageUrl } from '../../src/fetching/image-url.ts';
import { publicPartOf, UNREACHABLE } from './attempt.ts';
import { downloaderFor } from './loopback.ts';
import { scratchFolder } from './scratch.ts';
import { download, expectUnreachable, refused, sent, served } from './served.ts';

const MAX_BYTES = 64 * 1024;
const TOO_LARGE = `The picture is larger than the ${MAX_BYTES} bytes allowed.`;

afterEach(() => vi.unstubAllEnvs());

describe('a picture', () => {
  test.each([1, 1000, MAX_BYTES])('of %d bytes is written as it came', async (size) => {
    const picture = randomBytes(size);
    const { file, bytes, sha256 } = await download(await served((_req, res) => res.end(picture)));
    expect(readFileSync(file).equals(picture)).toBe(true);
    expect(bytes).toBe(size);
    expect(sha256).toBe(createHash('sha256').update(picture).digest('hex'));
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test('may come in chunks, without a length, of any content type', async () => {
    const server = await served(async (_req, res) => {
      res.setHeader('content-type', 'text/html');
      for (const part of ['pic', 'tu', 're']) {
        res.write(part);
        await sleep(5);
      }
      res.end();
    });
    expect(readFileSync((await download(server)).file, 'utf8')).toBe('picture');
  });

  test('is asked for once, plainly, on a connection of its own, past any proxy', async () => {
    const proxy = await served((_req, res) => res.end('proxied'));
    for (const name of ['HTTP_PROXY', 'http_proxy', 'ALL_PROXY']) {
      vi.stubEnv(name, `http://${proxy.host}`);
    }
    const requests: IncomingMessage[] = [];
    const server = await served((req, res) => {
      requests.push(req);
      res.writeHead(200, { 'set-cookie': 'a=b' }).end('picture');
    });
    await download(server, '/a%20b.jpg?size=2#part');
    await download(server);
    expect(requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'GET /a%20b.jpg?size=2',
      'GET /x.jpg',
    ]);
    expect(requests[1]?.headers).toEqual({
      host: server.host,
      connection: 'close',
      'accept-encoding': 'identity',
      accept: 'image/*',
      'user-agent': 'garnish',
    });
    expect([server.connections(), proxy.connections()]).toEqual([2, 0]);
  });

  test('is found through a name, on whichever of its addresses answers', async () => {
    const server = await served((_req, res) => res.end('picture'));
    const file = join(scratchFolder(), 'source');
    const names: string[] = [];
    const downloader = downloaderFor([`photos.example:${server.port}`], {
      resolve: (name) => {
        names.push(name);
        return Promise.resolve(['127.0.0.3', '127.0.0.1']); // nobody listens on the first
      },
    });
    const url = parseImageUrl(`http://photos.example:${server.port}/`, () => true);
    const { bytes } = await downloader.downloadTo(url, file, new AbortController().signal);
    expect([bytes, names]).toEqual([7, ['photos.example']]);
  });
});

// A body larger than any buffer, closed by its source while nobody reads it yet, once ended the process.
test.each([200, 302, 404])(
  'a closed connection after a long answer %d is harmless',
  async (status) => {
    const body = 'x'.repeat(MAX_BYTES);
    const head = `HTTP/1.1 ${status} X\r\nConnection: close\r\nContent-Length: ${MAX_BYTES}\r\n\r\n`;
    for (let round = 0; round < 20; round += 1) {
      const server = await sent(head + body);
      if (status === 200) expect((await download(server)).bytes).toBe(MAX_BYTES);
      else await expectUnreachable(server);
    }
  },
);

describe('redirects', () => {
  /** `/N` redirects to `/N-1`, `/0` is a picture. */
  const hops = (status = 302) =>
    served((req, res) => {
      const left = Number(req.url?.slice(1));
      if (left === 0) res.end('picture');
      else res.writeHead(status, { location: `/${left - 1}` }).end('elsewhere');
    });

  test.each([301, 302, 303, 307, 308])('of status %d are followed', async (status) => {
    expect((await download(await hops(status), '/1')).bytes).toBe(7);
  });

  test('are followed three times and no more', async () => {
    const server = await hops();
    expect((await download(server, '/3')).bytes).toBe(7);
    expect(server.connections()).toBe(4);
    expect(publicPartOf(await refused(server, {}, '/4'))).toEqual(UNREACHABLE);
    expect(server.connections()).toBe(8);
  });

  test.each([
    ['a loop', '/x.jpg'],
    ['a file', 'file:///etc/passwd'],
    ['a data URL', 'data:image/png;base64,AAAA'],
    ['another scheme', 'ftp://127.0.0.1/x'],
    ['credentials', 'http://user:pass@127.0.0.1/x'],
    ['another port of the same host', 'http://127.0.0.1:1/x'],
    ['a host behind a backslash', '\\\\10.0.0.1\\x'],
    ['a name that is nobody', '//nobody.example/x'],
    ['something that is no URL', 'http://['],
    ['nothing', ''],
  ])('to %s are refused', async (_what, location) => {
    await expectUnreachable(await served((_req, res) => res.writeHead(302, { location }).end()));
  });

  test('without or with two locations are refused', async () => {
    await expectUnreachable(await served((_req, res) => res.writeHead(302).end()));
    const two = 'HTTP/1.1 302 Found\r\nLocation: /a\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n';
    await expectUnreachable(await sent(two));
  });

  test('with an endless body are left at once', async () => {
    const server = await served((req, res) => {
      if (req.url === '/end') res.end('picture');
      else res.writeHead(302, { location: '/end' }).write('x'.repeat(1 << 20));
    });
    expect((await download(server)).bytes).toBe(7);
  });
});

describe('a source that does not answer 200', () => {
  test.each([201, 203, 204, 206, 300, 304, 400, 401, 403, 404, 410, 418, 429, 500, 503])(
    'but %d is unreachable',
    async (status) => {
      await expectUnreachable(await served((_req, res) => res.writeHead(status).end('picture')));
    },
  );

  test('and has an endless body is left at once', async () => {
    const server = await served((_req, res) => res.writeHead(500).write('x'.repeat(1 << 20)));
    await expectUnreachable(server);
  });

  test.each([
    ['garbage', 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['nothing', ''],
    ['half a header', 'HTTP/1.1 200 OK\r\nContent-Le'],
    ['a header of 20 KB', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(20_000)}\r\n\r\npicture`],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 7\r\nContent-Length: 9\r\n\r\npicture'],
    ['a negative length', 'HTTP/1.1 200 OK\r\nContent-Length: -7\r\n\r\npicture'],
    ['a bad chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\npicture'],
    ['a cut chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\npicture'],
    ['less than it announced', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npicture'],
  ])('but %s is unreachable', async (_what, answer) => {
    await expectUnreachable(await sent(answer));
  });
});

describe('a body', () => {
  test.each(['gzip', 'br', 'deflate', 'x-unknown', 'identity, gzip'])(
    'encoded as %s is refused',
    async (encoding) => {
      const server = await served((_req, res) =>
        res.writeHead(200, { 'content-encoding': encoding }).end(gzipSync('picture')),
      );
      await expectUnreachable(server);
    },
  );

  test('that is empty is no picture', async () => {
    const empty = await refused(await served((_req, res) => res.end()));
    expect([empty.code, empty.message]).toEqual(['invalid_image', 'The picture is empty.']);
    const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n';
    expect((await refused(await sent(chunked))).code).toBe('invalid_image');
  });

  test('longer than it announced is cut there', async () => {
    const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\npicture';
    expect(readFileSync((await download(await sent(answer))).file, 'utf8')).toBe('pic');
  });

  test('that announces too much is refused before it is sent', async () => {
    const server = await sent(`HTTP/1.1 200 OK\r\nContent-Length: ${MAX_BYTES + 1}\r\n\r\n`, false);
    const startedMs = performance.now();
    const error = await refused(server);
    expect([error.code, error.message]).toEqual(['invalid_image', TOO_LARGE]);
    expect(performance.now() - startedMs).toBeLessThan(2_000);
  });

  test('that is one byte too long is refused by counting', async () => {
    const server = await served((_req, res) => {
      res.write(randomBytes(MAX_BYTES));
      res.end('x');
    });
    const error = await refused(server);
    expect([error.code, error.message]).toEqual(['invalid_image', TOO_LARGE]);
  });

  test('without end is stopped at the limit', async () => {
    let sentBytes = 0;
    const server = await served((_req, res) => {
      const pump = (): void => {
        while (!res.destroyed && res.write(Buffer.alloc(16 * 1024))) sentBytes += 16 * 1024;
      };
      res.on('drain', pump);
      pump();
    });
    expect((await refused(server)).message).toBe(TOO_LARGE);
    expect(sentBytes).toBeLessThan(64 * MAX_BYTES); // what the sockets of both sides buffer
  });
});
