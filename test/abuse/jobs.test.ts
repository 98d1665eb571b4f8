/**
 * Jobs that cannot end well and calls made twice, cases 38, 40, 41, 45, 47-52, 99 and 103 of the abuse
 * list: each is told clearly and costs nothing. The packs are those of test/fixtures, whose runs depend
 * on the brightness of the picture.
 */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditBooks } from '../../src/accounts/audit.ts';
import type { Log, LogFields } from '../../src/observability/log.ts';
import { LEVELS, pictureFor } from '../crash/data-folder.ts';
import { exchange, statusOf } from '../support/raw.ts';
import {
  type Answer,
  type Call,
  codeOf,
  startTestServer,
  type TestServer,
} from '../support/server.ts';

const PATH = '/api/remove-background';
const DEADLINE_S = 6;
const logged: LogFields[] = [];
const note = (event: string, fields: LogFields = {}) => void logged.push({ event, ...fields });
const log: Log = { debug: note, info: note, warn: note, error: note };
const pictures = new Map<string, string>();
let garnish: TestServer;

beforeAll(async () => {
  garnish = await startTestServer(
    {
      GARNISH_PACKS_DIR: fileURLToPath(new URL('../fixtures/packs', import.meta.url)),
      GARNISH_ENGINE_WORKERS: '1',
      GARNISH_DEADLINE_S: String(DEADLINE_S),
      GARNISH_MAX_QUEUE: '1000',
      GARNISH_MAX_JOBS_PER_ACCOUNT: '1000',
    },
    log,
  );
  for (const behaviour of Object.keys(LEVELS) as (keyof typeof LEVELS)[]) {
    pictures.set(behaviour, await garnish.upload(await pictureFor(behaviour)));
  }
});
afterAll(async () => {
  const violations = auditBooks(garnish.server.books.database);
  await garnish.stop();
  expect(violations).toEqual([]);
});

const cutOut = (behaviour: keyof typeof LEVELS, call: Call = {}) =>
  garnish.post(PATH, { image_url: pictures.get(behaviour) }, call);
const expectCode = (answer: Answer, status: number, code: string) =>
  expect([answer.status, codeOf(answer)]).toEqual([status, code]);
const jobsOf = (accountId: string) =>
  garnish.server.books.database
    .prepare<{ state: string; code: string | null }>(
      'SELECT state, error_code AS code FROM jobs WHERE account_id = ? ORDER BY created_at, id',
    )
    .all(accountId);
const whenRunning = (accountId: string) =>
  expect
    .poll(() => jobsOf(accountId).at(-1)?.state, { interval: 5, timeout: 20_000 })
    .toBe('running');
/** A new account that has a picture of its own. */
async function newCaller(credits: number, behaviour: keyof typeof LEVELS = 'plain') {
  const caller = garnish.newKey({ credits });
  const imageUrl = await garnish.upload(await pictureFor(behaviour), caller.key);
  const post = (more: Call = {}) =>
    garnish.post(PATH, { image_url: imageUrl }, { key: caller.key, ...more });
  return { ...caller, imageUrl, post };
}

/** Jobs of other accounts ahead of the next one, which has to wait for several runs. @returns Their answers. */
async function fillQueue(): Promise<readonly Promise<Answer>[]> {
  const others = await Promise.all(Array.from({ length: 8 }, () => newCaller(5, 'slow')));
  const answers = others.map(({ post }) => post());
  const waiting = () => others.filter(({ accountId }) => jobsOf(accountId)[0]?.state === 'queued');
  await expect.poll(() => waiting().length, { interval: 5 }).toBeGreaterThan(4);
  return answers;
}

describe("case 38: another account's", () => {
  it('job, batch and webhook are not there', async () => {
    const owner = await newCaller(10);
    const job = await owner.post({ headers: { Prefer: 'respond-async' } });
    const items = [{ image_url: owner.imageUrl }];
    const body = { operation: 'remove-background', items };
    const batch = await garnish.post('/api/batches', body, { key: owner.key });
    const hook = await garnish.post(
      '/api/webhooks',
      { url: 'https://hooks.example/a' },
      { key: owner.key },
    );
    const [jobId, batchId, hookId] = [job, batch, hook].map(({ json }) => String(json?.['id']));
    const stranger = await newCaller(10);
    for (const [method, path] of [
      ['GET', `/api/jobs/${jobId}`],
      ['DELETE', `/api/jobs/${jobId}`],
      ['GET', `/api/jobs/${jobId}/events`],
      ['GET', `/api/batches/${batchId}`],
      ['DELETE', `/api/batches/${batchId}`],
      ['GET', `/api/batches/${batchId}/items`],
      ['GET', `/api/batches/${batchId}/results.zip`],
      ['GET', `/api/webhooks/${hookId}`],
      ['DELETE', `/api/webhooks/${hookId}`],
    ] as const) {
      const answer = await garnish.call(path, { method, key: stranger.key });
      expect([path, answer.status, codeOf(answer)]).toEqual([path, 404, 'not_found']);
    }
    expect((await garnish.call('/api/jobs', { key: stranger.key })).json?.['jobs']).toEqual([]);
  });

  it('upload is no source', async () => {
    const owner = await newCaller(10);
    const stranger = await newCaller(10);
    const answer = await garnish.post(PATH, { image_url: owner.imageUrl }, { key: stranger.key });
    expectCode(answer, 400, 'invalid_image_url');
    expect(garnish.balance(stranger.accountId)).toBe(10);
  });
});

it('case 40: 200 calls at once with a balance for one', async () => {
  const { post, accountId } = await newCaller(1);
  const answers = await Promise.all(Array.from({ length: 200 }, () => post()));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  for (const answer of answers.filter(({ status }) => status !== 200)) {
    expectCode(answer, 402, 'insufficient_credits');
  }
  expect(garnish.balance(accountId)).toBe(0);
});

it('case 41: exactly as many calls as the rate of the key allows', async () => {
  const { key } = garnish.newKey({ perMinute: 100, perDay: 'none' });
  const answers = await Promise.all(
    Array.from({ length: 1000 }, () => garnish.call('/api/account/credits', { key })),
  );
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(100);
  for (const answer of answers.filter(({ status }) => status !== 200)) {
    expectCode(answer, 429, 'rate_limit_exceeded');
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(answer.headers.get('x-ratelimit-remaining')).toBe('0');
    expect(Number(answer.headers.get('x-ratelimit-reset'))).toBeGreaterThan(Date.now() / 1000);
  }
});

describe('the engine', () => {
  it('case 45: a job over its deadline is given up, and the next is served', async () => {
    const before = garnish.balance();
    const startedMs = performance.now();
    expectCode(await cutOut('endless'), 500, 'internal_error');
    expect(performance.now() - startedMs).toBeGreaterThan(DEADLINE_S * 1000 - 100);
    expect(garnish.balance()).toBe(before);
    await expect.poll(() => garnish.server.engine.isReady, { timeout: 30_000 }).toBe(true);
    expect((await cutOut('plain')).status).toBe(200);
  }, 60_000);

  it('case 47: a job whose engine dies is safe to be made again', async () => {
    const { post, accountId } = await newCaller(5, 'slow');
    const headers = { 'Idempotency-Key': 'again' };
    const cut = post({ headers });
    await whenRunning(accountId);
    process.kill(garnish.server.engine.state[0]?.pid ?? 0, 'SIGKILL');
    expectCode(await cut, 500, 'internal_error');
    expect(garnish.balance(accountId)).toBe(5);
    await expect.poll(() => garnish.server.engine.isReady, { timeout: 30_000 }).toBe(true);
    const again = await post({ headers });
    expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([200, null]);
    expect(garnish.balance(accountId)).toBe(4);
  }, 60_000);

  it('case 103: NaN out of a model is no picture, and the log names the pack', async () => {
    const before = garnish.balance();
    logged.splice(0);
    const answer = await cutOut('nan');
    expectCode(answer, 500, 'internal_error');
    expect(garnish.balance()).toBe(before);
    expect(answer.text).not.toContain('test-cutout');
    const [failure] = logged.filter(({ event }) => event === 'request-failed');
    expect(failure?.['error']).toContain('remove-background with test-cutout failed');
    expect(failure?.['error']).toContain('NaN or infinity');
  });
});

describe('case 48: the caller leaves', () => {
  async function leaveOnce(
    { key, imageUrl, accountId }: Awaited<ReturnType<typeof newCaller>>,
    isThere: () => Promise<unknown>,
  ) {
    const caller = new AbortController();
    logged.splice(0);
    const call = fetch(`${garnish.url}${PATH}`, {
      method: 'POST',
      signal: caller.signal,
      headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ image_url: imageUrl }),
    });
    call.catch(() => undefined);
    await isThere();
    caller.abort();
    const ended = () => jobsOf(accountId)[0];
    await expect.poll(ended, { timeout: 20_000 }).toEqual({ state: 'voided', code: 'cancelled' });
    expect(garnish.balance(accountId)).toBe(5);
    const statuses = () => logged.filter(({ event }) => event === 'request');
    await expect.poll(statuses).toContainEqual(expect.objectContaining({ status: 499, accountId }));
  }

  it('while the job runs', async () => {
    const caller = await newCaller(5, 'endless');
    await leaveOnce(caller, () => whenRunning(caller.accountId));
  }, 30_000);

  it('while the job waits', async () => {
    const caller = await newCaller(5, 'slow');
    const others = await fillQueue();
    await leaveOnce(caller, () =>
      expect.poll(() => jobsOf(caller.accountId)[0]?.state, { interval: 5 }).toBe('queued'),
    );
    for (const { status } of await Promise.all(others)) expect(status).toBe(200);
  }, 30_000);
});

describe('the same Idempotency-Key', () => {
  it('case 49: finished, gives the saved answer and costs nothing', async () => {
    const { post, accountId } = await newCaller(5);
    const headers = { 'Idempotency-Key': 'k' };
    const first = await post({ headers });
    const second = await post({ headers });
    expect([second.status, second.text]).toEqual([200, first.text]);
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    expect(garnish.balance(accountId)).toBe(4);
  });

  it('case 50: still running, is told to wait', async () => {
    const { post, accountId } = await newCaller(5, 'slow');
    const headers = { 'Idempotency-Key': 'k' };
    const others = await fillQueue();
    const first = post({ headers });
    await expect.poll(() => jobsOf(accountId).length, { interval: 5 }).toBe(1);
    const second = await post({ headers });
    expectCode(second, 409, 'idempotency_in_progress');
    expect(Number(second.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await first).status).toBe(200);
    expect(garnish.balance(accountId)).toBe(4);
    await Promise.all(others);
  }, 30_000);

  it('case 51: with another body or on another route is a conflict', async () => {
    const { post, key, imageUrl, accountId } = await newCaller(5);
    const options = { key, headers: { 'Idempotency-Key': 'k' } };
    expect((await post(options)).status).toBe(200);
    const body = { image_url: imageUrl, options: { output: 'mask' } };
    expectCode(await garnish.post(PATH, body, options), 409, 'idempotency_conflict');
    const upscaled = await garnish.post('/api/upscale', { image_url: imageUrl }, options);
    expectCode(upscaled, 409, 'idempotency_conflict');
    const items = [{ image_url: imageUrl }];
    const batch = { operation: 'remove-background', items };
    expectCode(await garnish.post('/api/batches', batch, options), 409, 'idempotency_conflict');
    expect(garnish.balance(accountId)).toBe(4);
  });

  it.each([
    ['empty', ''],
    ['of 256 characters', 'k'.repeat(256)],
    ['with a tab', 'a\tb'],
    ['with a letter outside ASCII', 'caf\u00e9'],
  ])('case 52: %s is refused', async (_name, value) => {
    const before = garnish.balance();
    expectCode(
      await cutOut('plain', { headers: { 'Idempotency-Key': value } }),
      400,
      'invalid_idempotency_key',
    );
    expect(garnish.balance()).toBe(before);
  });

  it('case 52: twice in one request, or with a control character, is refused', async () => {
    const before = garnish.balance();
    const body = JSON.stringify({ image_url: pictures.get('plain') });
    for (const lines of [
      'Idempotency-Key: a\r\nIdempotency-Key: \x7fb',
      'Idempotency-Key: a\x01b',
    ]) {
      const answer = await exchange(
        garnish.url,
        `POST ${PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${lines}\r\n` +
          `Authorization: Bearer ${garnish.key}\r\nContent-Type: application/json\r\n` +
          `Content-Length: ${body.length}\r\n\r\n${body}`,
      );
      expect(statusOf(answer)).toBe(400);
    }
    expect(garnish.balance()).toBe(before);
  });

  it('case 52: of 255 characters is taken', async () => {
    const { post } = await newCaller(5);
    expect((await post({ headers: { 'Idempotency-Key': '~'.repeat(255) } })).status).toBe(200);
  });
});

describe('case 99: a page that cannot be', () => {
  it.each([
    'limit=-1',
    'limit=0',
    'limit=1e9',
    'limit=many',
    "limit=1'--",
    'cursor=abc',
    `cursor=${Buffer.from("1 x' OR 1=1").toString('base64url')}`,
  ])('?%s', async (query) => {
    const { key } = garnish.newKey();
    const hook = await garnish.post('/api/webhooks', { url: 'https://hooks.example/a' }, { key });
    for (const path of ['/api/jobs', `/api/webhooks/${String(hook.json?.['id'])}/deliveries`]) {
      const answer = await garnish.call(`${path}?${query}`, { key });
      expect([path, answer.status, codeOf(answer)]).toEqual([path, 400, 'invalid_request']);
    }
  });
});
