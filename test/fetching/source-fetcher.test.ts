import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { ApiError } from '../../src/errors.ts';
import { Downloader } from '../../src/fetching/download.ts';
import { createFetchPolicy } from '../../src/fetching/fetch-policy.ts';
import { type OwnSource, SourceFetcher } from '../../src/fetching/source-fetcher.ts';
import { publicPartOf, UNREACHABLE } from './attempt.ts';
import { noNames, serveHttp } from './loopback.ts';
import { scratchFolder } from './scratch.ts';

const OWN = 'http://127.0.0.1:8787';
const MAX_BYTES = 1024;
const { signal } = new AbortController();

interface Setup {
  readonly own?: (url: URL, accountId: string) => OwnSource;
  readonly allow?: readonly string[];
  readonly isOffline?: boolean;
}

function setUp({ own, allow = [], isOffline = false }: Setup) {
  const resolve = vi.fn(noNames);
  const policy = createFetchPolicy({ allow, only: [], own: [] });
  const downloader = new Downloader({ policy, maxBytes: MAX_BYTES, deadlineMs: 5_000, resolve });
  const ownSource = own ?? (() => ({ kind: 'foreign' }) as const);
  const folder = scratchFolder();
  const target = join(folder, 'source');
  const fetcher = new SourceFetcher({ downloader, policy, ownSource, isOffline });
  const refusal = async (text: string): Promise<ApiError> => {
    const url = fetcher.prepare(text, 'acc_a');
    const error = await fetcher
      .fetchTo(url, 'acc_a', target, signal)
      .catch((cause: unknown) => cause);
    expect(readdirSync(folder)).toEqual([]);
    if (!(error instanceof ApiError)) throw new Error(`${text}: ${String(error)}`);
    return error;
  };
  return { fetcher, folder, target, resolve, refusal };
}

/** One own file, of one account. */
function ownFile(path: string): (url: URL, accountId: string) => OwnSource {
  return (url, accountId) => {
    if (url.origin !== OWN) return { kind: 'foreign' };
    return accountId === 'acc_a' ? { kind: 'file', path } : { kind: 'missing' };
  };
}

describe('prepare', () => {
  test('takes our own port for our own files only', () => {
    const { fetcher } = setUp({ own: ownFile('/nowhere') });
    expect(fetcher.prepare(`${OWN}/cdn/x.png`, 'acc_a').href).toBe(`${OWN}/cdn/x.png`);
    expect(() => fetcher.prepare('http://127.0.0.1:8788/cdn/x.png', 'acc_a')).toThrow(
      'Expected port 80 or 443 for image_url.',
    );
  });

  test('asks for the account that calls', () => {
    const own = vi.fn(() => ({ kind: 'missing' }) as const);
    const { fetcher } = setUp({ own });
    fetcher.prepare(`${OWN}/uploads/x`, 'acc_b');
    expect(own).toHaveBeenCalledWith(expect.any(URL), 'acc_b');
  });

  test('refuses what is no URL before anything else', () => {
    const { fetcher } = setUp({});
    expect(() => fetcher.prepare('data:image/png;base64,AA', 'acc_a')).toThrow('POST /api/uploads');
  });
});

describe('an own file', () => {
  test('is copied from disk, without a socket, also offline', async () => {
    const path = join(scratchFolder(), 'kept');
    writeFileSync(path, 'picture');
    for (const isOffline of [false, true]) {
      const { fetcher, target, resolve } = setUp({ own: ownFile(path), isOffline });
      const url = fetcher.prepare(`${OWN}/cdn/x.png`, 'acc_a'); // nobody listens there
      await fetcher.fetchTo(url, 'acc_a', target, signal);
      expect(readFileSync(target, 'utf8')).toBe('picture');
      writeFileSync(target, 'changed');
      expect(readFileSync(path, 'utf8')).toBe('picture');
      expect(resolve).not.toHaveBeenCalled();
    }
  });

  test('of another account or gone is unreachable like any other address', async () => {
    const { refusal } = setUp({ own: () => ({ kind: 'missing' }) });
    expect(publicPartOf(await refusal(`${OWN}/uploads/x`))).toEqual(UNREACHABLE);
    const vanished = setUp({ own: ownFile(join(scratchFolder(), 'vanished')) });
    expect(publicPartOf(await vanished.refusal(`${OWN}/uploads/x`))).toEqual(UNREACHABLE);
  });

  test('that is a link or a folder is not followed', async () => {
    const folder = scratchFolder();
    writeFileSync(join(folder, 'secret'), 'secret');
    symlinkSync(join(folder, 'secret'), join(folder, 'link'));
    for (const path of [join(folder, 'link'), folder]) {
      const { refusal } = setUp({ own: ownFile(path) });
      expect(publicPartOf(await refusal(`${OWN}/cdn/x.png`))).toEqual(UNREACHABLE);
    }
  });

  test('obeys the byte limit of every source', async () => {
    const path = join(scratchFolder(), 'kept');
    writeFileSync(path, Buffer.alloc(MAX_BYTES + 1));
    const { refusal } = setUp({ own: ownFile(path) });
    const error = await refusal(`${OWN}/cdn/x.png`);
    expect([error.code, error.message]).toEqual([
      'invalid_image',
      `The picture is larger than the ${MAX_BYTES} bytes allowed.`,
    ]);
  });

  test('is not to blame when our own disk fails', async () => {
    const path = join(scratchFolder(), 'kept');
    writeFileSync(path, 'picture');
    const { fetcher, folder } = setUp({ own: ownFile(path) });
    const url = fetcher.prepare(`${OWN}/cdn/x.png`, 'acc_a');
    await expect(
      fetcher.fetchTo(url, 'acc_a', join(folder, 'missing', 'source'), signal),
    ).rejects.toMatchObject({ code: 'internal_error' });
  });
});

describe('any other address', () => {
  test('is downloaded', async () => {
    const server = await serveHttp((_req, res) => res.end('picture'));
    onTestFinished(() => server.close());
    const { fetcher, target } = setUp({ allow: [server.host] });
    const url = fetcher.prepare(server.url(), 'acc_a');
    await fetcher.fetchTo(url, 'acc_a', target, signal);
    expect(readFileSync(target, 'utf8')).toBe('picture');
  });

  test('of our own host is refused by the address rules', async () => {
    const { refusal } = setUp({});
    expect(publicPartOf(await refusal('http://127.0.0.1/healthz'))).toEqual(UNREACHABLE);
  });

  test('is refused offline without a look-up or a connection', async () => {
    const server = await serveHttp((_req, res) => res.end('picture'));
    onTestFinished(() => server.close());
    const { refusal, resolve } = setUp({ allow: [server.host], isOffline: true });
    for (const text of [server.url(), 'https://photos.example/x.jpg']) {
      expect(publicPartOf(await refusal(text))).toEqual(UNREACHABLE);
    }
    expect([resolve.mock.calls.length, server.connections()]).toEqual([0, 0]);
  });
});
