/** Reading results and rate limits by address, cases 95-98 of the abuse list. */
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drawPlate, encoded } from '../support/pictures.ts';
import { exchange, statusOf } from '../support/raw.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let garnish: TestServer;
let path: string;

beforeAll(async () => {
  garnish = await startTestServer({ GARNISH_TRUST_PROXY: '1', GARNISH_ALLOW_HTTP: '1' });
  const url = await garnish.upload(await encoded(drawPlate(64, 48)));
  const made = await garnish.post('/api/upscale', { image_url: url });
  path = new URL(String(made.json?.['result_url'])).pathname;
  writeFileSync(join(garnish.dataDir, 'cdn', 'nobg', '.tmp-abc'), 'x');
  writeFileSync(join(garnish.dataDir, 'cdn', 'nobg', 'abcdefghijklmnopqrstuvwxyz.png'), 'unknown');
  symlinkSync(
    '/etc/passwd',
    join(garnish.dataDir, 'cdn', 'nobg', 'bbbbbbbbbbbbbbbbbbbbbbbbbb.png'),
  );
});
afterAll(() => garnish.stop());

describe('case 95: paths that must not lead anywhere', () => {
  it.each([
    '/cdn/../garnish.db',
    '/cdn/..%2fgarnish.db',
    '/cdn/%2e%2e/garnish.db',
    '/cdn/nobg/..%5c..%5cgarnish.db',
    '/cdn//etc/passwd',
    '/cdn/nobg/.tmp-abc',
    '/cdn/nobg/',
    '/cdn/nobg',
    '/cdn/',
    '/cdn/nobg/abcdefghijklmnopqrstuvwxyz.png',
    '/cdn/nobg/bbbbbbbbbbbbbbbbbbbbbbbbbb.png',
    '/docs/swagger/../../package.json',
    '/docs/swagger/%2e%2e/package.json',
    '/assets/..%2f..%2fpages.ts',
  ])('%s', async (target) => {
    const answer = await exchange(
      garnish.url,
      `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
    );
    expect(statusOf(answer)).toBe(404);
    expect(answer).not.toContain('root:');
  });
});

describe('case 96: ranges', () => {
  const get = (range: string) => garnish.call(path, { headers: { Range: range } });

  it('a part', async () => expect((await get('bytes=0-9')).status).toBe(206));
  it('beyond the end', async () => expect((await get('bytes=99999999-')).status).toBe(416));
  it('a thousand ranges give the whole', async () => {
    const ranges = Array.from({ length: 1000 }, (_, i) => `${i * 2}-${i * 2}`).join(',');
    expect((await get(`bytes=${ranges}`)).status).toBe(200);
  });
});

it('a result cannot be written or deleted', async () => {
  for (const method of ['POST', 'PUT', 'DELETE']) {
    expect((await garnish.call(path, { method })).status).toBe(405);
  }
});

describe('address limits', () => {
  const from = (server: TestServer, address: string) =>
    server.call('/api/models', { key: null, headers: { 'X-Forwarded-For': address } });

  it('case 98: rotating inside an IPv6 /56 gains nothing', async () => {
    const rotated = Array.from({ length: 61 }, (_, i) => `2001:db8:0:${i.toString(16)}::${i}`);
    const statuses: number[] = [];
    for (const address of rotated) statuses.push((await from(garnish, address)).status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(60);
    expect(statuses.at(-1)).toBe(429);
    expect((await from(garnish, '2001:db8:0:100::1')).status).toBe(200);
  });

  it('case 97: X-Forwarded-For is ignored unless a proxy is trusted', async () => {
    const other = await startTestServer();
    try {
      const statuses: number[] = [];
      for (let i = 0; i < 61; i += 1)
        statuses.push((await from(other, `10.0.0.${i}, ${i}`)).status);
      expect(statuses.filter((status) => status === 429)).toHaveLength(1);
    } finally {
      await other.stop();
    }
  });
});
