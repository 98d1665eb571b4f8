/** Webhooks over a real socket: the routes, and an asynchronous job that is told to a receiver. */
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  deliveriesResponse,
  deliveryResponse,
  webhookResponse,
  webhookSecretResponse,
  webhooksResponse,
} from '../../src/contract/webhooks.ts';
import { type LoopbackServer, serveHttp } from '../fetching/loopback.ts';
import { drawPlate, encoded } from '../support/pictures.ts';
import { type Answer, codeOf, startTestServer, type TestServer } from '../support/server.ts';

interface Received {
  readonly headers: Record<string, string>;
  readonly body: string;
}

const ELSEWHERE = 'https://hooks.example/garnish';
const NOBODY = `wh_${'0'.repeat(26)}`;
const received: Received[] = [];
let receiver: LoopbackServer;
let garnish: TestServer;
let hookUrl: string;

beforeAll(async () => {
  receiver = await serveHttp((req, res) => {
    let body = '';
    req.on('data', (part: Buffer) => {
      body += part.toString();
    });
    req.on('end', () => {
      received.push({ headers: req.headers as Record<string, string>, body });
      res.writeHead(204).end();
    });
  });
  hookUrl = receiver.url('/hook');
  garnish = await startTestServer({ GARNISH_FETCH_ALLOW: receiver.host });
});
afterAll(async () => {
  await garnish.stop();
  await receiver.close();
});

const create = (body: unknown, key?: string) =>
  garnish.post('/api/webhooks', body, key === undefined ? {} : { key });
const text = (answer: Answer, key: string) => String(answer.json?.[key]);
const listOf = (answer: Answer, key: string) => answer.json?.[key] as Record<string, unknown>[];
const status = async (call: Promise<Answer>) => {
  const answer = await call;
  return [answer.status, codeOf(answer)];
};
const send = (path: string, method: string, key: string) => garnish.call(path, { method, key });

test('a job in the background is told to the receiver, signed, and the job is where it says', async () => {
  const { key } = garnish.newKey();
  const made = await create({ url: hookUrl }, key);
  const imageUrl = await garnish.upload(await encoded(drawPlate(64, 48), 'png'), key);
  const job = await garnish.post(
    '/api/upscale',
    { image_url: imageUrl },
    { key, headers: { Prefer: 'respond-async' } },
  );
  const direct = await garnish.post('/api/upscale', { image_url: imageUrl }, { key });
  expect([job.status, direct.status]).toEqual([202, 200]);
  const ofJob = () => received.filter(({ body }) => body.includes(text(job, 'id')));
  await expect.poll(() => ofJob().length, { timeout: 20_000 }).toBe(1);
  const [event] = ofJob();
  const told = new Webhook(text(made, 'secret')).verify(event?.body ?? '', event?.headers ?? {});
  expect(told).toMatchObject({
    type: 'job.completed',
    data: { id: text(job, 'id'), operation: 'upscale', state: 'completed', batch_id: null },
  });
  expect(event?.headers['content-type']).toBe('application/json; charset=utf-8');
  const { data } = told as { data: { id: string } };
  expect((await garnish.call(`/api/jobs/${data.id}`, { key })).json?.['state']).toBe('completed');
  expect(received.some(({ body }) => body.includes(text(direct, 'id')))).toBe(false);
});

test('a batch is told once beside its items', async () => {
  const { key } = garnish.newKey();
  const made = await create({ url: hookUrl, events: ['batch.completed'] }, key);
  const imageUrl = await garnish.upload(await encoded(drawPlate(64, 48), 'png'), key);
  const items = [{ image_url: imageUrl }, { image_url: 'http://127.0.0.1:80/nothing.png' }];
  const batch = await garnish.post('/api/batches', { operation: 'upscale', items }, { key });
  expect(batch.status).toBe(202);
  const path = `/api/webhooks/${text(made, 'id')}/deliveries`;
  const read = async () => listOf(await garnish.call(path, { key }), 'deliveries');
  await expect
    .poll(async () => (await read())[0]?.['state'], { timeout: 20_000 })
    .toBe('delivered');
  expect((await read()).map(({ payload }) => payload)).toMatchObject([
    { type: 'batch.completed', data: { id: text(batch, 'id'), completed: 1, failed: 1 } },
  ]);
});

describe('a webhook', () => {
  test('is made with a secret that is never shown again', async () => {
    const { key } = garnish.newKey();
    const made = await create({ url: ELSEWHERE, other: 1 }, key);
    expect(made.status).toBe(201);
    const id = text(made, 'id');
    expect(made.headers.get('location')).toBe(`/api/webhooks/${id}`);
    webhookSecretResponse.parse(made.json);
    expect(Object.keys(made.json ?? {})).toEqual([
      ...['id', 'url', 'events', 'enabled', 'disabled_reason', 'created_at', 'secret'],
    ]);
    const one = await garnish.call(`/api/webhooks/${id}`, { key });
    const all = await garnish.call('/api/webhooks', { key });
    webhookResponse.parse(one.json);
    webhooksResponse.parse(all.json);
    expect(listOf(all, 'webhooks')).toEqual([one.json]);
    expect(one.json?.['events']).toHaveLength(4);
    expect(one.text + all.text).not.toContain('whsec_');
  });

  test.each([
    [{}, 'Expected a string for url, received nothing.'],
    [{ url: 'http://hooks.example/' }, 'Expected an https address for url.'],
    [{ url: 'https://127.0.0.1/' }, 'Expected a public address for url.'],
    [{ url: ELSEWHERE, events: [] }, 'events'],
    [{ url: ELSEWHERE, events: ['job.started'] }, 'events.0'],
  ])('%o is refused', async (body, message) => {
    const answer = await create(body);
    expect([answer.status, codeOf(answer)]).toEqual([400, 'invalid_request']);
    expect(answer.text).toContain(message);
  });

  test('is one of ten at most', async () => {
    const { key } = garnish.newKey();
    for (let i = 0; i < 10; i += 1)
      expect((await create({ url: ELSEWHERE }, key)).status).toBe(201);
    const eleventh = await create({ url: ELSEWHERE }, key);
    expect([eleventh.status, codeOf(eleventh)]).toEqual([400, 'invalid_request']);
  });

  test('is changed in the fields that are given, under the same rules, and removed', async () => {
    const { key } = garnish.newKey();
    const path = `/api/webhooks/${text(await create({ url: ELSEWHERE }, key), 'id')}`;
    const patch = (body: object) => garnish.post(path, body, { method: 'PATCH', key });
    const changed = await patch({ events: ['job.failed', 'job.failed'], enabled: false });
    webhookResponse.parse(changed.json);
    expect(changed.json).toMatchObject({
      ...{ url: ELSEWHERE, events: ['job.failed'], enabled: false, disabled_reason: 'owner' },
    });
    expect(await status(send(`${path}/test`, 'POST', key))).toEqual([400, 'invalid_request']);
    expect(await status(patch({ url: 'https://10.0.0.1/' }))).toEqual([400, 'invalid_request']);
    expect((await patch({ enabled: true })).json).toMatchObject({
      ...{ url: ELSEWHERE, enabled: true, disabled_reason: null },
    });
    const removed = await send(path, 'DELETE', key);
    expect([removed.status, removed.text]).toEqual([204, '']);
    expect(await status(send(path, 'GET', key))).toEqual([404, 'not_found']);
  });
});

test('test, log, resend and a changed secret', async () => {
  const { key } = garnish.newKey();
  const made = await create({ url: hookUrl, events: ['job.failed'] }, key);
  const path = `/api/webhooks/${text(made, 'id')}`;
  const first = await send(`${path}/test`, 'POST', key);
  expect([first.status, first.json?.['event']]).toEqual([202, 'webhook.test']);
  deliveryResponse.parse(first.json);
  const id = text(first, 'id');
  const ofFirst = () => received.filter(({ headers }) => headers['webhook-id'] === id);
  await expect.poll(() => ofFirst().length).toBe(1);

  const rotated = await send(`${path}/rotate-secret`, 'POST', key);
  webhookSecretResponse.parse(rotated.json);
  expect(text(rotated, 'secret')).not.toBe(text(made, 'secret'));
  const read = async (query = '') => garnish.call(`${path}/deliveries${query}`, { key });
  const latest = async () => listOf(await read(), 'deliveries')[0];
  await expect.poll(async () => (await latest())?.['state']).toBe('delivered');
  const again = await send(`${path}/deliveries/${id}/resend`, 'POST', key);
  expect([again.status, text(again, 'id'), text(again, 'state')]).toEqual([202, id, 'pending']);
  await expect.poll(() => ofFirst().length).toBe(2);
  for (const secret of [text(made, 'secret'), text(rotated, 'secret')]) {
    const { body = '', headers = {} } = ofFirst()[1] ?? {};
    expect(new Webhook(secret).verify(body, headers)).toMatchObject({ type: 'webhook.test' });
  }

  await expect.poll(async () => (await latest())?.['attempts']).toBe(2);
  await send(`${path}/test`, 'POST', key);
  const page = await read('?limit=1');
  deliveriesResponse.parse(page.json);
  const next = await read(`?limit=1&cursor=${text(page, 'next_cursor')}`);
  const ids = [page, next].map((answer) => listOf(answer, 'deliveries').map((each) => each['id']));
  expect(ids[0]).not.toEqual([id]);
  expect(ids[1]).toEqual([id]);
  expect(listOf(next, 'deliveries')[0]).toMatchObject({
    ...{ attempts: 2, last_status: 204, last_error: null, next_attempt_at: null },
    log: [
      { attempt: 2, status: 204, error: null },
      { attempt: 1, status: 204, error: null },
    ],
  });
  for (const query of ['?limit=0', '?limit=101', '?limit=x', '?cursor=x']) {
    expect(await status(read(query)), query).toEqual([400, 'invalid_request']);
  }
});

describe('callers', () => {
  test("another account's webhook and delivery are not there", async () => {
    const made = await create({ url: hookUrl });
    const path = `/api/webhooks/${text(made, 'id')}`;
    const delivery = text(await send(`${path}/test`, 'POST', garnish.key), 'id');
    const { key } = garnish.newKey();
    const own = `/api/webhooks/${text(await create({ url: hookUrl }, key), 'id')}`;
    for (const [method, target] of [
      ['GET', path],
      ['DELETE', path],
      ['GET', `${path}/deliveries`],
      ['POST', `${path}/test`],
      ['POST', `${path}/rotate-secret`],
      ['POST', `${path}/deliveries/${delivery}/resend`],
      ['POST', `${own}/deliveries/${delivery}/resend`],
      ['GET', `/api/webhooks/${NOBODY}`],
    ] as const) {
      expect(await status(send(target, method, key)), target).toEqual([404, 'not_found']);
    }
    const patched = garnish.post(path, { enabled: false }, { method: 'PATCH', key });
    expect(await status(patched)).toEqual([404, 'not_found']);
    expect((await garnish.call(path)).json).toMatchObject({ enabled: true });
  });

  test('need a key, read to read, and one of the paid scopes to change', async () => {
    const readOnly = garnish.newKey({}, { scopes: ['read'] }).key;
    const paidOnly = garnish.newKey({}, { scopes: ['upscale'] }).key;
    const path = `/api/webhooks/${NOBODY}`;
    expect((await garnish.call('/api/webhooks', { key: null })).status).toBe(401);
    expect((await garnish.call('/api/webhooks', { key: readOnly })).status).toBe(200);
    expect((await garnish.call('/api/webhooks', { key: paidOnly })).status).toBe(403);
    expect((await create({ url: ELSEWHERE }, readOnly)).status).toBe(403);
    expect((await create({ url: ELSEWHERE }, paidOnly)).status).toBe(201);
    for (const [method, target] of [
      ['PATCH', path],
      ['DELETE', path],
      ['POST', `${path}/test`],
      ['POST', `${path}/rotate-secret`],
      ['POST', `${path}/deliveries/x/resend`],
    ] as const) {
      expect((await send(target, method, readOnly)).status, target).toBe(403);
    }
  });

  test('are told which methods a path has', async () => {
    const answer = await send(`/api/webhooks/${NOBODY}`, 'PUT', garnish.key);
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, PATCH, DELETE, HEAD']);
    expect((await send(`/api/webhooks/${NOBODY}/other`, 'GET', garnish.key)).status).toBe(404);
  });
});

test('a server that is offline says so, and sends nothing', async () => {
  const offline = await startTestServer({ GARNISH_OFFLINE: '1' });
  try {
    const answer = await offline.post('/api/webhooks', { url: ELSEWHERE });
    expect([answer.status, codeOf(answer)]).toEqual([403, 'forbidden']);
    expect(answer.text).toContain('offline');
  } finally {
    await offline.stop();
  }
});
