/** Jobs in the background over a real socket: 202, progress, list, cancel, events, restart. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jobResponse } from '../../src/contract/jobs.ts';
import { drawPlate, encoded } from '../support/pictures.ts';
import { codeOf, startTestServer, type TestServer } from '../support/server.ts';

const ASYNC = { headers: { Prefer: 'respond-async' } };
let server: TestServer;
let imageUrl: string;

beforeAll(async () => {
  server = await startTestServer();
  imageUrl = await server.upload(await encoded(drawPlate(96, 64, 3), 'png'));
});
afterAll(() => server.stop());

const submit = async (options = ASYNC) =>
  server.post('/api/upscale', { image_url: imageUrl, scale: 2 }, options);

const idOf = (answer: { readonly json: Record<string, unknown> | undefined }) =>
  String(answer.json?.['id']);

async function whenEnded(id: string) {
  const read = async () => (await server.call(`/api/jobs/${id}`)).json;
  await expect.poll(async () => (await read())?.['finished_at'], { timeout: 20_000 }).toBeTruthy();
  return read();
}

/** Reads an event stream to its end. */
async function readEvents(id: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${server.url}/api/jobs/${id}/events`, {
    headers: { Authorization: `Bearer ${server.key}`, ...headers },
  });
  const text = await response.text();
  const events = text
    .split('\n\n')
    .filter((block) => block.startsWith('id:'))
    .map((block) => ({
      id: Number(/^id: (\d+)$/m.exec(block)?.[1]),
      data: JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? '{}') as Record<string, unknown>,
    }));
  return { response, events };
}

describe('Prefer: respond-async', () => {
  test('answers 202 with the job and where it is', async () => {
    const answer = await submit();
    expect(answer.status).toBe(202);
    const id = idOf(answer);
    expect(answer.headers.get('location')).toBe(`/api/jobs/${id}`);
    expect(answer.headers.get('preference-applied')).toBe('respond-async');
    expect(answer.headers.get('x-model-pack')).toBe('garnish-upscale');
    expect(answer.headers.get('x-request-id')).toBeTruthy();
    expect(answer.headers.get('x-ratelimit-remaining')).toBeTruthy();
    expect(() => jobResponse.parse(answer.json)).not.toThrow();
    await whenEnded(id);
  });

  test('ends with the result that the synchronous call answers', async () => {
    const job = await whenEnded(idOf(await submit()));
    const direct = await submit({ headers: {} as never });
    const result = job?.['result'] as Record<string, unknown>;
    expect(job).toMatchObject({ state: 'completed', progress: 1, error: null });
    expect(Object.keys(result)).toEqual(Object.keys(direct.json ?? {}));
    expect(result).toMatchObject({
      credits_used: 1,
      original_size: { width: 96, height: 64 },
      upscaled_size: { width: 192, height: 128 },
    });
    expect((await fetch(String(result['result_url']))).status).toBe(200);
  });

  test('refuses what the synchronous call refuses, with the same answer', async () => {
    const poor = server.newKey({ credits: 0 });
    const options = { ...ASYNC, key: poor.key };
    const body = { image_url: 'https://example.com/a.jpg' };
    expect((await server.post('/api/upscale', body, options)).status).toBe(402);
    expect(codeOf(await server.post('/api/upscale', { image_url: 'no' }, ASYNC))).toBe(
      'invalid_image_url',
    );
    expect(codeOf(await server.post('/api/generate', { prompt: 'soup' }, ASYNC))).toBe(
      'model_unavailable',
    );
  });

  test('with the same Idempotency-Key gives the same job, charged once', async () => {
    const options = { headers: { ...ASYNC.headers, 'Idempotency-Key': 'one job' } };
    const before = server.balance();
    const first = await submit(options);
    const again = await submit(options);
    expect([first.status, again.status]).toEqual([202, 202]);
    expect(idOf(again)).toBe(idOf(first));
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    await whenEnded(idOf(first));
    expect(server.balance()).toBe(before - 1);
  });

  test('a source that cannot be fetched fails the job and costs nothing', async () => {
    const before = server.balance();
    const answer = await server.post('/api/upscale', { image_url: 'http://127.0.0.1:80/a' }, ASYNC);
    const job = await whenEnded(idOf(answer));
    expect(job).toMatchObject({
      state: 'failed',
      result: null,
      error: { code: 'invalid_image_url' },
    });
    expect(server.balance()).toBe(before);
  });
});

describe('GET /api/jobs', () => {
  test('lists own jobs newest first, page by page', async () => {
    const { key } = server.newKey();
    const own = await server.upload(await encoded(drawPlate(40, 40, 3), 'png'), key);
    const ids: string[] = [];
    for (let i = 0; i < 5; i += 1) {
      ids.push(idOf(await server.post('/api/upscale', { image_url: own }, { ...ASYNC, key })));
    }
    const seen: string[] = [];
    let query = '?limit=2';
    for (let page = 0; page < 4 && query !== ''; page += 1) {
      const { json } = await server.call(`/api/jobs${query}`, { key });
      const { jobs = [], next_cursor: cursor } = json as { jobs?: { id: string }[] } & typeof json;
      seen.push(...jobs.map(({ id }) => id));
      query = cursor === null ? '' : `?limit=2&cursor=${String(cursor)}`;
    }
    expect(new Set(seen)).toEqual(new Set(ids));
    expect(seen).toHaveLength(5);
  });

  test.each([
    'limit=0',
    'limit=-1',
    'limit=1e9',
    'limit=many',
    "limit=1'--",
    'cursor=abc',
    `cursor=${Buffer.from("1 x' OR 1=1").toString('base64url')}`,
  ])('case 99: refuses ?%s', async (query) => {
    const answer = await server.call(`/api/jobs?${query}`);
    expect([answer.status, codeOf(answer)]).toEqual([400, 'invalid_request']);
  });
});

describe('case 38: a job', () => {
  test.each(['GET', 'DELETE'])('of another account is not found by %s', async (method) => {
    const id = idOf(await submit());
    const stranger = server.newKey();
    const answer = await server.call(`/api/jobs/${id}`, { method, key: stranger.key });
    expect([answer.status, codeOf(answer)]).toEqual([404, 'not_found']);
    expect((await server.call(`/api/jobs/${id}/events`, { key: stranger.key })).status).toBe(404);
  });

  test('that never was is not found, and other methods are named', async () => {
    expect((await server.call(`/api/jobs/up_${'0'.repeat(26)}`)).status).toBe(404);
    expect((await server.call('/api/jobs/constructor')).status).toBe(404);
    const answer = await server.call(`/api/jobs/up_${'0'.repeat(26)}`, { method: 'POST' });
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('GET, DELETE, HEAD');
  });

  test('that has expired is gone', async () => {
    const id = idOf(await submit());
    await whenEnded(id);
    server.server.books.database.prepare('UPDATE jobs SET finished_at = 1 WHERE id = ?').run(id);
    for (const [method, path] of [
      ['GET', `/api/jobs/${id}`],
      ['DELETE', `/api/jobs/${id}`],
      ['GET', `/api/jobs/${id}/events`],
    ] as const) {
      const answer = await server.call(path, { method });
      expect([answer.status, codeOf(answer)]).toEqual([410, 'gone']);
    }
  });

  test('needs the scope read', async () => {
    const writer = server.newKey({}, { scopes: ['upscale'] });
    expect((await server.call('/api/jobs', { key: writer.key })).status).toBe(403);
  });
});

describe('DELETE /api/jobs/ID', () => {
  test('cancels what waits and refunds it; a finished job stays', async () => {
    const before = server.balance();
    const big = await server.upload(await encoded(drawPlate(900, 900, 3), 'png'));
    const ids = await Promise.all(
      Array.from({ length: 6 }, async () =>
        idOf(await server.post('/api/upscale', { image_url: big, scale: 4 }, ASYNC)),
      ),
    );
    const answers = await Promise.all(
      ids.map((id) => server.call(`/api/jobs/${id}`, { method: 'DELETE' })),
    );
    expect(answers.map(({ status }) => status)).toEqual(ids.map(() => 200));
    const states = answers.map(({ json }) => json?.['state']);
    expect(states.filter((state) => state === 'cancelled').length).toBeGreaterThanOrEqual(4);
    const done = states.filter((state) => state === 'completed').length;
    expect(server.balance()).toBe(before - 2 * done);
    const again = await server.call(`/api/jobs/${ids[0]}`, { method: 'DELETE' });
    expect(again.json?.['state']).toBe(states[0]);
  });
});

describe('GET /api/jobs/ID/events', () => {
  test('tells every state and ends with the job', async () => {
    const id = idOf(await submit());
    const { response, events } = await readEvents(id);
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(events.map((event) => event.id)).toEqual([1, 2, 3, 4, 5]);
    expect(events.at(-1)?.data).toMatchObject({ id, state: 'completed', job: { id } });
  });

  test('goes on behind Last-Event-ID, also after the end', async () => {
    const id = idOf(await submit());
    await whenEnded(id);
    const { events } = await readEvents(id, { 'Last-Event-ID': '3' });
    expect(events.map((event) => event.id)).toEqual([4, 5]);
    expect((await readEvents(id, { 'Last-Event-ID': '5' })).events).toEqual([]);
  });

  test('refuses an id that is none', async () => {
    const id = idOf(await submit());
    const answer = await server.call(`/api/jobs/${id}/events`, {
      headers: { 'Last-Event-ID': 'x' },
    });
    expect(answer.status).toBe(400);
  });
});

describe('Garnish-On-Disconnect', () => {
  const leaveEarly = async (wish: string) => {
    const { key, accountId } = server.newKey();
    const picture = await server.upload(await encoded(drawPlate(700, 700, 3), 'png'), key);
    const caller = new AbortController();
    const call = fetch(`${server.url}/api/upscale`, {
      method: 'POST',
      signal: caller.signal,
      headers: {
        Authorization: `Bearer ${key}`,
        'Content-Type': 'application/json',
        'Garnish-On-Disconnect': wish,
      },
      body: JSON.stringify({ image_url: picture, scale: 4 }),
    });
    const list = async () =>
      ((await server.call('/api/jobs', { key })).json?.['jobs'] ?? []) as { state: string }[];
    await expect.poll(async () => (await list())[0]?.state, { timeout: 10_000 }).toBe('running');
    caller.abort();
    await call.catch(() => undefined);
    await expect
      .poll(async () => (await list())[0]?.state, { timeout: 20_000 })
      .not.toBe('running');
    return { state: (await list())[0]?.state, balance: server.balance(accountId) };
  };

  test('absent or cancel: the job ends with the caller', async () => {
    expect(await leaveEarly('cancel')).toEqual({ state: 'cancelled', balance: 1000 });
  });

  test('continue: the job is delivered all the same', async () => {
    expect(await leaveEarly('continue')).toEqual({ state: 'completed', balance: 998 });
  });

  test('anything else is refused', async () => {
    expect((await submit({ headers: { 'Garnish-On-Disconnect': 'x' } as never })).status).toBe(400);
  });
});
