/** Every error of the contract, over a real socket: status, code, envelope, headers, and no charge. */
import { rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Database } from '../../src/store/database.ts';
import { drawPlate, encoded } from '../support/pictures.ts';
import { type Answer, codeOf, startTestServer, type TestServer } from '../support/server.ts';

let garnish: TestServer;
let imageUrl: string;

beforeAll(async () => {
  garnish = await startTestServer({
    GARNISH_ANONYMOUS_PER_MINUTE: '1000000',
    GARNISH_REQUEST_TIMEOUT_S: '1',
    GARNISH_MAX_RESULT_PIXELS: '100000',
  });
  imageUrl = await garnish.upload(await encoded(drawPlate(200, 150)));
});
afterAll(() => garnish.stop());

/** Checks the envelope: exactly these keys, and the headers every `/api` answer has. */
function expectError(answer: Answer, status: number, code: string) {
  expect([answer.status, codeOf(answer)]).toEqual([status, code]);
  expect(Object.keys(answer.json ?? {})).toEqual(['error']);
  const keys = ['code', 'message'];
  if (status === 402) keys.push('required_credits', 'available_credits', 'upgrade_url');
  expect(Object.keys(answer.json?.['error'] as object)).toEqual(keys);
  expect(answer.headers.get('x-request-id')).not.toBeNull();
  expect(answer.headers.get('x-ratelimit-remaining')).not.toBeNull();
  expect(answer.headers.get('x-ratelimit-reset')).not.toBeNull();
  expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
}

/** Runs a call that must fail and cost nothing. */
async function expectRefusal(call: () => Promise<Answer>, status: number, code: string) {
  const before = garnish.balance();
  const answer = await call();
  expectError(answer, status, code);
  expect(garnish.balance()).toBe(before);
  return answer;
}

describe('400', () => {
  it('invalid_request names the field and what is allowed', async () => {
    const answer = await expectRefusal(
      () => garnish.post('/api/upscale', { image_url: imageUrl, scale: 3 }),
      400,
      'invalid_request',
    );
    expect(answer.text).toContain('2 or 4');
    expect(answer.text).toContain('scale');
  });

  it('invalid_request when the result would have too many pixels', () =>
    expectRefusal(
      () => garnish.post('/api/upscale', { image_url: imageUrl, scale: 4 }),
      400,
      'invalid_request',
    ));

  it('invalid_json', () =>
    expectRefusal(
      () =>
        garnish.call('/api/upscale', {
          method: 'POST',
          body: '{"image_url":',
          headers: { 'Content-Type': 'application/json' },
        }),
      400,
      'invalid_json',
    ));

  it('invalid_idempotency_key', () =>
    expectRefusal(
      () =>
        garnish.post(
          '/api/upscale',
          { image_url: imageUrl },
          { headers: { 'Idempotency-Key': 'x'.repeat(256) } },
        ),
      400,
      'invalid_idempotency_key',
    ));

  it('invalid_image_url', () =>
    expectRefusal(
      () => garnish.post('/api/upscale', { image_url: 'ftp://example.com/a.jpg' }),
      400,
      'invalid_image_url',
    ));

  it('invalid_image', async () => {
    const form = new FormData();
    form.append('file', new Blob(['<svg xmlns="http://www.w3.org/2000/svg"/>']), 'a.jpg');
    await expectRefusal(
      () => garnish.call('/api/uploads', { method: 'POST', body: form }),
      400,
      'invalid_image',
    );
  });

  it('https_required from a caller that is not on loopback, but not for the health routes', async () => {
    const outside = Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .find(({ family, internal }) => family === 'IPv4' && !internal);
    if (outside === undefined) return; // a machine with loopback only cannot show it
    const other = await startTestServer({ GARNISH_HOST: outside.address });
    try {
      expectError(await other.call('/api/models'), 400, 'https_required');
      expect((await other.call('/docs')).status).toBe(400);
      expect((await other.call('/healthz')).status).toBe(200);
      expect((await other.call('/readyz')).status).toBe(200);
    } finally {
      await other.stop();
    }
  });
});

describe('401 and 403', () => {
  it('unauthorized alike for no, a malformed, an unknown, a revoked and an expired key', async () => {
    const revoked = garnish.newKey();
    const [row] = garnish.server.books.keys.list(revoked.accountId);
    garnish.server.books.keys.revoke(row?.id ?? '');
    const expired = garnish.newKey({}, { expiresAt: Date.now() - 1 });
    const unknown = garnish.key.replace(/.{8}$/, 'AAAAAAAA');
    const texts = new Set<string>();
    for (const key of [null, 'x', unknown, revoked.key, expired.key]) {
      const answer = await garnish.post('/api/upscale', { image_url: imageUrl }, { key });
      expectError(answer, 401, 'unauthorized');
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
      texts.add(answer.text);
    }
    expect(texts.size).toBe(1);
  });

  it('forbidden for a key without the scope and for a suspended account', async () => {
    const { accountId, key } = garnish.newKey({}, { scopes: ['read'] });
    const body = { image_url: imageUrl };
    expectError(await garnish.post('/api/upscale', body, { key }), 403, 'forbidden');
    expect((await garnish.call('/api/account/credits', { key })).status).toBe(200);
    garnish.server.accounts.setStatus(accountId, 'suspended');
    expectError(await garnish.call('/api/account/credits', { key }), 403, 'forbidden');
  });
});

it('402 insufficient_credits tells price and balance', async () => {
  const { key } = garnish.newKey({ credits: 1 });
  const url = await garnish.upload(await encoded(drawPlate(32, 32)), key);
  const answer = await garnish.post('/api/upscale', { image_url: url, scale: 4 }, { key });
  expectError(answer, 402, 'insufficient_credits');
  expect(answer.json).toMatchObject({
    error: {
      required_credits: 2,
      available_credits: 1,
      upgrade_url: `${garnish.url}/dashboard/billing`,
    },
  });
});

describe('404, 405 and 410', () => {
  it('not_found for a path that is not there', async () => {
    expectError(await garnish.call('/api/nothing'), 404, 'not_found');
  });

  it('method_not_allowed with Allow', async () => {
    const answer = await garnish.call('/api/upscale');
    expectError(answer, 405, 'method_not_allowed');
    expect(answer.headers.get('allow')).toBe('POST');
  });

  it('gone for an expired result', async () => {
    const made = await garnish.post('/api/remove-background', { image_url: imageUrl });
    const url = new URL(String(made.json?.['result_url']));
    const database = Database.open(join(garnish.dataDir, 'garnish.db'));
    database.prepare('UPDATE results SET expires_at = 1').run();
    database.close();
    const answer = await garnish.call(url.pathname);
    expect([answer.status, codeOf(answer)]).toEqual([410, 'gone']);
    expect((await garnish.call('/cdn/nobg/abcdefghijklmnopqrstuvwxyz.png')).status).toBe(404);
  });
});

it('408 request_timeout when the body stalls', async () => {
  const { hostname, port } = new URL(garnish.url);
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString();
    });
    socket.on('end', () => resolve(text));
    socket.on('error', reject);
    socket.write(
      `POST /api/upscale HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${garnish.key}\r\n` +
        'Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"image_url"',
    );
  });
  expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  expect(answer).toContain('"code":"request_timeout"');
});

describe('409', () => {
  it('idempotency_conflict for the same key with another body', async () => {
    const headers = { 'Idempotency-Key': 'conflict' };
    await garnish.post('/api/remove-background', { image_url: imageUrl }, { headers });
    expectError(
      await garnish.post('/api/upscale', { image_url: imageUrl }, { headers }),
      409,
      'idempotency_conflict',
    );
  });

  it('idempotency_in_progress while the first still runs, and one charge in all', async () => {
    const before = garnish.balance();
    const headers = { 'Idempotency-Key': 'parallel' };
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        garnish.post('/api/remove-background', { image_url: imageUrl }, { headers }),
      ),
    );
    const refused = answers.filter(({ status }) => status === 409);
    expect(refused.length).toBeGreaterThan(0);
    for (const answer of refused) {
      expectError(answer, 409, 'idempotency_in_progress');
      expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
    }
    expect(garnish.balance()).toBe(before - 1);
  });
});

describe('413 and 415', () => {
  it('payload_too_large', () =>
    expectRefusal(
      () => garnish.post('/api/upscale', { image_url: 'x'.repeat(70_000) }),
      413,
      'payload_too_large',
    ));

  it('unsupported_media_type', () =>
    expectRefusal(
      () => garnish.post('/api/upscale', {}, { headers: { 'Content-Type': 'text/plain' } }),
      415,
      'unsupported_media_type',
    ));
});

describe('429', () => {
  it('rate_limit_exceeded on the account, shared by its keys, with Retry-After', async () => {
    const { accountId, key } = garnish.newKey({ perMinute: 3, perDay: 'none' });
    const second = garnish.server.books.keys.create(accountId).key;
    const remaining: (string | null)[] = [];
    for (const used of [key, second, key]) {
      const answer = await garnish.call('/api/models', { key: used });
      expect(answer.status).toBe(200);
      remaining.push(answer.headers.get('x-ratelimit-remaining'));
    }
    expect(remaining).toEqual(['2', '1', '0']);
    const refused = await garnish.call('/api/models', { key: second });
    expectError(refused, 429, 'rate_limit_exceeded');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(60);
    expect((await garnish.call('/api/models', { key: null })).status).toBe(200);
  });

  it('too_many_concurrent_requests when one account fills its share', async () => {
    const other = await startTestServer({ GARNISH_MAX_JOBS_PER_ACCOUNT: '1' });
    try {
      const url = await other.upload(await encoded(drawPlate(400, 300)));
      const answers = await Promise.all(
        Array.from({ length: 6 }, () => other.post('/api/remove-background', { image_url: url })),
      );
      const refused = answers.filter(({ status }) => status !== 200);
      expect(refused.length).toBeGreaterThan(0);
      for (const answer of refused) expectError(answer, 429, 'too_many_concurrent_requests');
      expect(other.balance()).toBe(100_000 - (6 - refused.length));
    } finally {
      await other.stop();
    }
  });
});

describe('500 and 503', () => {
  it('internal_error when the result cannot be stored, told without any of the inside', async () => {
    const other = await startTestServer();
    try {
      const url = await other.upload(await encoded(drawPlate(64, 64)));
      await rm(join(other.dataDir, 'cdn', 'upscaled'), { recursive: true });
      const answer = await other.post('/api/upscale', { image_url: url });
      expectError(answer, 500, 'internal_error');
      expect(answer.text).not.toContain(other.dataDir);
      expect(other.balance()).toBe(100_000);
    } finally {
      await other.stop();
    }
  });

  it('model_unavailable for generate while no pack is installed', async () => {
    const answer = await expectRefusal(
      () => garnish.post('/api/generate', { prompt: 'Gourmet burger' }),
      503,
      'model_unavailable',
    );
    expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
  });

  it('generate and enhance check the source and the balance before the packs', async () => {
    const data = 'data:image/png;base64,AA';
    const { key } = garnish.newKey({ credits: 1 });
    const call = (path: string, body: unknown) => garnish.post(path, body, { key });
    expectError(await call('/api/enhance', { image_url: data }), 400, 'invalid_image_url');
    expectError(
      await call('/api/generate', { prompt: 'Pho', options: { image_url: data } }),
      400,
      'invalid_image_url',
    );
    const dear = await call('/api/generate', { prompt: 'Pho', model: 'flux-2-max', count: 2 });
    expectError(dear, 402, 'insufficient_credits');
    expect(dear.json).toMatchObject({ error: { required_credits: 4, available_credits: 1 } });
  });

  it('storage_full when the disk has too little room', async () => {
    const other = await startTestServer({ GARNISH_MIN_FREE_DISK_MIB: '10000000' });
    try {
      const answer = await other.post('/api/upscale', { image_url: 'https://example.com/a.jpg' });
      expectError(answer, 503, 'storage_full');
      expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
      expect(other.balance()).toBe(100_000);
    } finally {
      await other.stop();
    }
  });

  it('overloaded when the queue is full, and shutting_down while draining', async () => {
    const other = await startTestServer({ GARNISH_MAX_QUEUE: '1', GARNISH_ENGINE_WORKERS: '1' });
    const url = await other.upload(await encoded(drawPlate(500, 400)));
    const calls = Array.from({ length: 8 }, () =>
      other.post('/api/remove-background', { image_url: url }),
    );
    const refused = (await Promise.all(calls)).filter(({ status }) => status !== 200);
    expect(refused.length).toBeGreaterThan(0);
    for (const answer of refused) {
      expectError(answer, 503, 'overloaded');
      expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
    }
    const file = await encoded(drawPlate(64, 64));
    const running = other.post('/api/upscale', { image_url: url });
    await new Promise((resolve) => setTimeout(resolve, 100));
    const stopped = other.server.stop();
    const late = await other.post('/api/upscale', { image_url: url });
    expectError(late, 503, 'shutting_down');
    const form = new FormData();
    form.append('file', new Blob([new Uint8Array(file)]), 'late.jpg');
    const upload = await other.call('/api/uploads', { method: 'POST', body: form });
    expectError(upload, 503, 'shutting_down');
    expect((await running).status).toBe(200);
    await stopped;
    rmSync(other.dataDir, { recursive: true });
  });
});
