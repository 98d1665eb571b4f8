import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { parseImageUrl } from '../../src/fetching/image-url.ts';
import { publicPartOf, refusalOf, UNREACHABLE } from './attempt.ts';
import { downloaderFor, noNames, serveHttp } from './loopback.ts';
import { scratchFolder } from './scratch.ts';
import { expectUnreachable, sent, served } from './served.ts';

describe('a slow source', () => {
  const within = async (work: Promise<unknown>, minMs: number, maxMs: number): Promise<void> => {
    const startedMs = performance.now();
    await work;
    const elapsedMs = performance.now() - startedMs;
    expect(elapsedMs).toBeGreaterThan(minMs);
    expect(elapsedMs).toBeLessThan(maxMs);
  };
  const deadlineMs = 300;

  test('that sends no header ends at the deadline', async () => {
    await within(expectUnreachable(await sent('', false), { deadlineMs }), 250, 3_000);
  });

  test('that stops in the middle ends at the deadline', async () => {
    const half = await sent('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npict', false);
    await within(expectUnreachable(half, { deadlineMs }), 250, 3_000);
  });

  test('that redirects slowly has one deadline for all hops', async () => {
    const server = await served(async (_req, res) => {
      await sleep(200);
      res.writeHead(302, { location: '/next' }).end();
    });
    await within(expectUnreachable(server, { deadlineMs }), 250, 3_000);
    expect(server.connections()).toBe(2);
  });

  test('that trickles ends long before the deadline', async () => {
    const server = await served(async (_req, res) => {
      while (!res.destroyed) {
        res.write('x');
        await sleep(100);
      }
    });
    await within(expectUnreachable(server, { deadlineMs: 20_000 }), 2_500, 6_000);
  });

  test('whose name is never found ends at the deadline', async () => {
    const never = downloaderFor([], { deadlineMs, resolve: () => new Promise(() => undefined) });
    const attempt = refusalOf(never, 'http://photos.example/').then((error) =>
      expect(publicPartOf(error)).toEqual(UNREACHABLE),
    );
    await within(attempt, 250, 3_000);
  });
});

describe('a source that is not there', () => {
  test('because nobody listens is unreachable', async () => {
    const server = await serveHttp((_req, res) => res.end());
    await server.close();
    await expectUnreachable(server);
  });

  test('because its name is nobody is unreachable', async () => {
    const error = await refusalOf(
      downloaderFor([], { resolve: noNames }),
      'http://nobody.example/',
    );
    expect(publicPartOf(error)).toEqual(UNREACHABLE);
    expect(String(error.details.cause)).toContain('ENOTFOUND'); // for the log
  });
});

describe('the caller', () => {
  test('may leave in the middle, and no file is left', async () => {
    const server = await sent('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npict', false);
    const file = join(scratchFolder(), 'source');
    const leaving = new AbortController();
    const left = new Error('left');
    const url = parseImageUrl(server.url(), () => true);
    const attempt = downloaderFor([server.host]).downloadTo(url, file, leaving.signal);
    await vi.waitFor(() => expect(existsSync(file)).toBe(true));
    leaving.abort(left);
    await expect(attempt).rejects.toBe(left);
    expect(existsSync(file)).toBe(false);
  });

  test('who left before causes no look-up and no connection', async () => {
    const server = await served((_req, res) => res.end('picture'));
    const left = new Error('left');
    const resolve = vi.fn(noNames);
    const downloader = downloaderFor([server.host], { resolve });
    const folder = scratchFolder();
    for (const text of [server.url(), 'http://photos.example/']) {
      const url = parseImageUrl(text, () => true);
      const attempt = downloader.downloadTo(url, join(folder, 'source'), AbortSignal.abort(left));
      await expect(attempt).rejects.toBe(left);
    }
    expect([resolve.mock.calls.length, server.connections()]).toEqual([0, 0]);
  });

  test('is not blamed for our own disk', async () => {
    const server = await served((_req, res) => res.end('picture'));
    const url = parseImageUrl(server.url(), () => true);
    const file = join(scratchFolder(), 'missing', 'source');
    await expect(
      downloaderFor([server.host]).downloadTo(url, file, new AbortController().signal),
    ).rejects.toMatchObject({ code: 'internal_error', status: 500 });
  });
});
