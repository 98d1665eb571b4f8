/** Every route's success: status, keys in order, headers, files. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drawPlate, encoded } from '../support/pictures.ts';
import { type Answer, startTestServer, type TestServer } from '../support/server.ts';
import { sharp } from '../support/sharp.ts';

let garnish: TestServer;
let imageUrl: string;

beforeAll(async () => {
  garnish = await startTestServer();
  imageUrl = await garnish.upload(await encoded(drawPlate(120, 90)));
});
afterAll(() => garnish.stop());

const keysOf = (answer: Answer) => Object.keys(answer.json ?? {});

function expectApiHeaders(answer: Answer) {
  expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  expect(answer.headers.get('x-ratelimit-remaining')).toMatch(/^\d+$/);
  expect(Number(answer.headers.get('x-ratelimit-reset'))).toBeGreaterThan(Date.now() / 1000 - 1);
  expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
}

async function picture(url: unknown) {
  const response = await fetch(String(url));
  expect(response.status).toBe(200);
  expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  expect(response.headers.get('cache-control')).toContain('immutable');
  const data = Buffer.from(await response.arrayBuffer());
  return { data, metadata: await sharp(data).metadata() };
}

describe('POST /api/remove-background', () => {
  it('gives an upright transparent PNG of the size of the source for one credit', async () => {
    const before = garnish.balance();
    const answer = await garnish.post('/api/remove-background', { image_url: imageUrl });
    expect(answer.status).toBe(200);
    expectApiHeaders(answer);
    expect(answer.headers.get('x-model-pack')).toBe('garnish-cutout');
    expect(keysOf(answer)).toEqual([
      'id',
      'status',
      'credits_used',
      'result_url',
      'format',
      'created_at',
    ]);
    const { id, result_url, created_at } = answer.json as Record<string, string>;
    expect(id).toMatch(/^bg_[a-z0-9]{26}$/);
    expect(result_url).toBe(`${garnish.url}/cdn/nobg/${id?.slice(3)}.png`);
    expect(created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(answer.json).toMatchObject({ status: 'completed', credits_used: 1, format: 'png' });
    const { metadata, data } = await picture(result_url);
    expect(metadata).toMatchObject({ format: 'png', width: 120, height: 90, hasAlpha: true });
    expect((await sharp(data).stats()).channels[3]?.min).toBeLessThan(40);
    expect(garnish.balance()).toBe(before - 1);
  });

  it('lays a colour under the dish and writes the format that is asked for', async () => {
    const answer = await garnish.post('/api/remove-background', {
      image_url: imageUrl,
      options: { background: '#00ff00', format: 'jpg' },
    });
    expect(answer.json).toMatchObject({ format: 'jpg' });
    const { data, metadata } = await picture(answer.json?.['result_url']);
    expect(metadata).toMatchObject({ format: 'jpeg', width: 120, height: 90, hasAlpha: false });
    const [red = 0, green = 0] = await sharp(data)
      .extract({ left: 0, top: 0, width: 1, height: 1 })
      .raw()
      .toBuffer();
    expect(green).toBeGreaterThan(red + 60);
  });

  it('gives the matte alone as a picture', async () => {
    const answer = await garnish.post('/api/remove-background', {
      image_url: imageUrl,
      options: { output: 'mask', format: 'png' },
    });
    const { metadata } = await picture(answer.json?.['result_url']);
    expect(metadata).toMatchObject({ width: 120, height: 90, hasAlpha: false });
  });
});

describe('POST /api/upscale', () => {
  it.each([
    { scale: undefined, factor: 2, credits: 1 },
    { scale: 2, factor: 2, credits: 1 },
    { scale: 4, factor: 4, credits: 2 },
  ])('enlarges $factor times for $credits credits', async ({ scale, factor, credits }) => {
    const before = garnish.balance();
    const answer = await garnish.post('/api/upscale', { image_url: imageUrl, scale });
    expect(answer.status).toBe(200);
    expectApiHeaders(answer);
    expect(keysOf(answer)).toEqual([
      'id',
      'status',
      'credits_used',
      'result_url',
      'original_size',
      'upscaled_size',
      'created_at',
    ]);
    expect(answer.json).toMatchObject({
      credits_used: credits,
      original_size: { width: 120, height: 90 },
      upscaled_size: { width: 120 * factor, height: 90 * factor },
    });
    const { metadata } = await picture(answer.json?.['result_url']);
    expect(metadata).toMatchObject({ format: 'jpeg', width: 120 * factor, height: 90 * factor });
    expect(garnish.balance()).toBe(before - credits);
  });

  it('keeps transparency and answers with a PNG', async () => {
    const url = await garnish.upload(await encoded(drawPlate(60, 40, 4), 'png'));
    const answer = await garnish.post('/api/upscale', { image_url: url });
    expect(String(answer.json?.['result_url'])).toMatch(/\.png$/);
    const { data, metadata } = await picture(answer.json?.['result_url']);
    expect(metadata).toMatchObject({ format: 'png', width: 120, height: 80, hasAlpha: true });
    const alpha = await sharp(data).extractChannel(3).raw().toBuffer();
    expect(alpha[0]).toBe(0);
    expect(alpha[40 * 120 + 60]).toBe(255);
  });

  it('takes a result of its own as the source, read from disk', async () => {
    const cutout = await garnish.post('/api/remove-background', { image_url: imageUrl });
    const answer = await garnish.post('/api/upscale', { image_url: cutout.json?.['result_url'] });
    expect(answer.status).toBe(200);
  });
});

describe('GET /api/models', () => {
  it('lists the three models without a key', async () => {
    const answer = await garnish.call('/api/models', { key: null });
    expect(answer.status).toBe(200);
    expectApiHeaders(answer);
    expect(answer.text).toBe(
      JSON.stringify({
        models: [
          {
            id: 'flux-2-pro',
            name: 'FLUX 2 Pro',
            credits_per_image: 1,
            max_resolution: '1024x1024',
            supports: ['generation'],
          },
          {
            id: 'seeddream',
            name: 'SeedDream Edit',
            credits_per_image: 1,
            max_resolution: '2048x2048',
            supports: ['generation', 'enhancement'],
          },
          {
            id: 'flux-2-max',
            name: 'FLUX 2 Max',
            credits_per_image: 2,
            max_resolution: '2048x2048',
            supports: ['generation'],
          },
        ],
      }),
    );
  });
});

describe('GET /api/account/credits', () => {
  it('tells balance, plan, use and renewal', async () => {
    const { key } = garnish.newKey({ plan: 'growth', credits: 50 });
    await garnish.post(
      '/api/upscale',
      { image_url: await garnish.upload(await encoded(drawPlate(32, 32)), key), scale: 4 },
      { key },
    );
    const answer = await garnish.call('/api/account/credits', { key });
    expect(answer.status).toBe(200);
    expectApiHeaders(answer);
    const now = new Date();
    const renewal = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1));
    expect(answer.text).toBe(
      JSON.stringify({
        credits: 48,
        subscription_plan: 'growth',
        subscription_status: 'active',
        credits_used_this_month: 2,
        next_renewal: `${renewal.toISOString().slice(0, 19)}Z`,
      }),
    );
  });

  it('opens an account with the allowance of its plan', () => {
    const account = garnish.server.accounts.create({ plan: 'starter' }, Date.now());
    expect(garnish.balance(account.id)).toBe(20);
  });
});

describe('POST /api/uploads', () => {
  it('keeps a picture that only this server can read, free of credits', async () => {
    const before = garnish.balance();
    const form = new FormData();
    form.append(
      'file',
      new Blob([new Uint8Array(await encoded(drawPlate(40, 30)))]),
      '../../x.jpg',
    );
    const answer = await garnish.call('/api/uploads', { method: 'POST', body: form });
    expect(answer.status).toBe(200);
    expect(keysOf(answer)).toEqual(['image_url', 'width', 'height', 'expires_at']);
    expect(answer.json).toMatchObject({ width: 40, height: 30 });
    const expiresMs = Date.parse(String(answer.json?.['expires_at'])) - Date.now();
    expect(expiresMs / 3_600_000).toBeCloseTo(24, 1);
    expect((await fetch(String(answer.json?.['image_url']))).status).toBe(404);
    expect(garnish.balance()).toBe(before);
  });
});

describe('Idempotency-Key', () => {
  it('gives the same answer again and charges once', async () => {
    const before = garnish.balance();
    const headers = { 'Idempotency-Key': 'order-1' };
    const first = await garnish.post('/api/upscale', { image_url: imageUrl }, { headers });
    const second = await garnish.post('/api/upscale', { image_url: imageUrl }, { headers });
    expect(second.text).toBe(first.text);
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    expect(garnish.balance()).toBe(before - 1);
  });
});

it('leaves no metadata of the source in a result', async () => {
  const tagged = await sharp(await encoded(drawPlate(64, 48)))
    .withExif({ IFD0: { Copyright: 'secret' }, IFD3: { GPSLatitude: '48/1 8/1 0/1' } })
    .jpeg()
    .toBuffer();
  const answer = await garnish.post('/api/upscale', { image_url: await garnish.upload(tagged) });
  const name = new URL(String(answer.json?.['result_url'])).pathname;
  const file = await readFile(join(garnish.dataDir, name));
  expect(file.includes('secret')).toBe(false);
  expect((await sharp(file).metadata()).exif).toBeUndefined();
});

it('turns every EXIF orientation upright on both operations', async () => {
  const source = drawPlate(48, 32);
  for (let orientation = 1; orientation <= 8; orientation += 1) {
    const tagged = await sharp(await encoded(source))
      .withMetadata({ orientation })
      .jpeg()
      .toBuffer();
    const url = await garnish.upload(tagged);
    const isTurned = orientation >= 5;
    const upscaled = await garnish.post('/api/upscale', { image_url: url });
    expect(upscaled.json).toMatchObject({
      original_size: isTurned ? { width: 32, height: 48 } : { width: 48, height: 32 },
    });
    const cutout = await garnish.post('/api/remove-background', { image_url: url });
    const { metadata } = await picture(cutout.json?.['result_url']);
    expect([metadata.width, metadata.height]).toEqual(isTurned ? [32, 48] : [48, 32]);
  }
});
