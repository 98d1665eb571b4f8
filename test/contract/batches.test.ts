/** Batches over a real socket. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { batchResponse } from '../../src/contract/batches.ts';
import { drawPlate, encoded } from '../support/pictures.ts';
import { codeOf, startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let good: string;
let bad: string;

beforeAll(async () => {
  server = await startTestServer();
  const picture = await encoded(drawPlate(64, 48), 'png');
  good = await server.upload(picture);
  bad = 'http://127.0.0.1:80/nothing.png';
});
afterAll(() => server.stop());

const items = (urls: readonly string[]) => urls.map((image_url) => ({ image_url }));
const post = (urls: readonly string[], headers: Record<string, string> = {}) =>
  server.post('/api/batches', { operation: 'upscale', items: items(urls) }, { headers });

async function whenEnded(id: unknown, key?: string) {
  const read = async () =>
    (await server.call(`/api/batches/${String(id)}`, key === undefined ? {} : { key })).json;
  await expect.poll(async () => (await read())?.['state'], { timeout: 30_000 }).not.toBe('running');
  return read();
}

test('ten items with a bad one: nine are delivered and charged, one fails alone', async () => {
  const before = server.balance();
  const urls = Array.from({ length: 10 }, (_, i) => (i === 3 ? bad : good));
  const answer = await post(urls);
  expect(answer.status).toBe(202);
  expect(() => batchResponse.parse(answer.json)).not.toThrow();
  expect(answer.headers.get('location')).toBe(`/api/batches/${String(answer.json?.['id'])}`);
  expect(server.balance()).toBe(before - 10);
  const batch = await whenEnded(answer.json?.['id']);
  expect(batch).toMatchObject({
    ...{ state: 'completed', total: 10, completed: 9, failed: 1, cancelled: 0, progress: 1 },
    credits_used: 9,
  });
  expect(server.balance()).toBe(before - 9);
  const { json } = await server.call(`/api/batches/${String(batch?.['id'])}/items`);
  const { items: jobs } = json as unknown as { items: { state: string }[] };
  expect(jobs.map(({ state }) => state)).toEqual(
    urls.map((url) => (url === bad ? 'failed' : 'completed')),
  );
});

test('the zip holds every result whole and in order, and names what was not delivered', async () => {
  const answer = await post([good, bad, good]);
  const id = String(answer.json?.['id']);
  await whenEnded(id);
  const response = await fetch(`${server.url}/api/batches/${id}/results.zip`, {
    headers: { Authorization: `Bearer ${server.key}` },
  });
  expect(response.headers.get('content-type')).toBe('application/zip');
  const zip = Buffer.from(await response.arrayBuffer());
  const { json } = await server.call(`/api/batches/${id}/items`);
  const jobs = json?.['items'] as { id: string; result: { result_url: string } | null }[];
  for (const [index, job] of jobs.entries()) {
    const name = `00${index}_${job.id}.jpg`;
    expect(zip.includes(name)).toBe(job.result !== null);
    if (job.result === null) continue;
    const file = Buffer.from(await (await fetch(job.result.result_url)).arrayBuffer());
    expect(zip.includes(file)).toBe(true);
  }
  expect(zip.indexOf(`000_${jobs[0]?.id}`)).toBeLessThan(zip.indexOf(`002_${jobs[2]?.id}`));
  expect(zip.includes('not-delivered.json')).toBe(true);
});

describe('the whole is refused', () => {
  test('with 402 when the balance does not pay for all', async () => {
    const poor = server.newKey({ credits: 2 });
    const answer = await server.post(
      '/api/batches',
      {
        operation: 'upscale',
        items: items(Array.from({ length: 3 }, () => 'https://a.example/b')),
      },
      { key: poor.key },
    );
    expect(answer.status).toBe(402);
    expect(answer.json?.['error']).toMatchObject({ required_credits: 3, available_credits: 2 });
    expect(server.balance(poor.accountId)).toBe(2);
  });

  test.each([
    ['no items', []],
    ['501 items', items(Array.from({ length: 501 }, () => 'https://a.example/b'))],
    ['an item without image_url', [{ image_url: 'https://a.example/b' }, {}]],
    ['an item with an unknown option', [{ image_url: 'https://a.example/b', options: { x: 1 } }]],
    ['an item that is no object', ['https://a.example/b']],
  ])('for %s', async (_, list) => {
    const before = server.balance();
    const answer = await server.post('/api/batches', { operation: 'upscale', items: list });
    expect([answer.status, codeOf(answer)]).toEqual([400, 'invalid_request']);
    expect(server.balance()).toBe(before);
  });

  test('by the name of the item that is wrong', async () => {
    const answer = await server.post('/api/batches', {
      operation: 'upscale',
      items: [{ image_url: good }, { image_url: good, scale: 3 }],
    });
    expect(answer.text).toContain('items.1: Expected 2 or 4 for scale');
    const other = await server.post('/api/batches', {
      operation: 'upscale',
      items: items([good, good, 'http://a.example:1/b']),
    });
    expect([other.status, codeOf(other)]).toEqual([400, 'invalid_image_url']);
    expect(other.text).toContain('items.2: Expected port 80 or 443 for image_url.');
  });

  test('without the scope of its operation', async () => {
    const { key } = server.newKey({}, { scopes: ['generate', 'read'] });
    const answer = await server.post(
      '/api/batches',
      { operation: 'upscale', items: items([good]) },
      { key },
    );
    expect([answer.status, codeOf(answer)]).toEqual([403, 'forbidden']);
  });

  test('while no pack can do it', async () => {
    const body = { operation: 'generate', items: [{ prompt: 'soup' }] };
    expect(codeOf(await server.post('/api/batches', body))).toBe('model_unavailable');
  });
});

test('five hundred items fit in one call', async () => {
  const { key, accountId } = server.newKey({ credits: 500 });
  const list = items(Array.from({ length: 500 }, (_, i) => `http://127.0.0.1:80/${i}`));
  const answer = await server.post('/api/batches', { operation: 'upscale', items: list }, { key });
  expect(answer.status).toBe(202);
  expect(await whenEnded(answer.json?.['id'], key)).toMatchObject({ total: 500, failed: 500 });
  expect(server.balance(accountId)).toBe(500);
});

test('the same Idempotency-Key gives the same batch, reserved once', async () => {
  const before = server.balance();
  const headers = { 'Idempotency-Key': 'one batch' };
  const first = await post([good, good], headers);
  const again = await post([good, good], headers);
  expect(again.status).toBe(202);
  expect(again.headers.get('idempotent-replayed')).toBe('true');
  expect(again.json?.['id']).toBe(first.json?.['id']);
  await whenEnded(first.json?.['id']);
  expect(server.balance()).toBe(before - 2);
});

test('DELETE cancels what has not ended, and gives its credits back', async () => {
  const before = server.balance();
  const big = await server.upload(await encoded(drawPlate(800, 800), 'png'));
  const { json } = await post(Array.from({ length: 12 }, () => big));
  const answer = await server.call(`/api/batches/${String(json?.['id'])}`, { method: 'DELETE' });
  expect(answer.json).toMatchObject({ state: 'cancelled', queued: 0, running: 0 });
  expect(Number(answer.json?.['cancelled'])).toBeGreaterThanOrEqual(8);
  expect(server.balance()).toBe(before - Number(answer.json?.['completed']));
});

test("another account's batch is not found", async () => {
  const { json } = await post([good]);
  const stranger = server.newKey();
  for (const path of ['', '/items', '/results.zip']) {
    const answer = await server.call(`/api/batches/${String(json?.['id'])}${path}`, {
      key: stranger.key,
    });
    expect([answer.status, codeOf(answer)]).toEqual([404, 'not_found']);
  }
});
