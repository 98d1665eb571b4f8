/** Sandbox keys over the socket: free, watermarked, told apart, on windows of their own. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditBooks } from '../../src/accounts/audit.ts';
import { drawPlate, encoded } from '../support/pictures.ts';
import { type Answer, codeOf, startTestServer, type TestServer } from '../support/server.ts';
import { sharp } from '../support/sharp.ts';

let garnish: TestServer;
let picture: Buffer;

beforeAll(async () => {
  garnish = await startTestServer({
    GARNISH_SANDBOX_PER_MINUTE: '7',
    GARNISH_SANDBOX_PER_DAY: '1000',
  });
  picture = await encoded(drawPlate(320, 240));
});
afterAll(async () => {
  expect(auditBooks(garnish.server.books.database)).toEqual([]);
  await garnish.stop();
});

/** An account with both sorts of key, and an upload of its own. */
async function newAccount(credits: number) {
  const { accountId, key: sandboxKey } = garnish.newKey({ credits }, { isSandbox: true });
  const { key } = garnish.server.books.keys.create(accountId);
  const imageUrl = await garnish.upload(picture, sandboxKey);
  return { accountId, sandboxKey, key, imageUrl };
}

async function pixelsOf(answer: Answer) {
  const response = await fetch(String(answer.json?.['result_url']));
  expect(response.status).toBe(200);
  const file = Buffer.from(await response.arrayBuffer());
  return sharp(file).raw().toBuffer({ resolveWithObject: true });
}

const OPERATIONS: readonly (readonly [string, string, object])[] = [
  ['a cutout', '/api/remove-background', {}],
  ['a mask', '/api/remove-background', { options: { output: 'mask' } }],
  ['a dish on a colour', '/api/remove-background', { options: { background: '#00ff00' } }],
  ['an enlarged picture', '/api/upscale', { output_format: 'png' }],
];

describe('a call with a sandbox key', () => {
  it.each(OPERATIONS)('gives %s with a watermark, for nothing', async (_name, path, extra) => {
    const { accountId, sandboxKey, key, imageUrl } = await newAccount(5);
    const body = { image_url: imageUrl, ...extra };
    const free = await garnish.post(path, body, { key: sandboxKey });
    expect(free.json).toMatchObject({ status: 'completed', credits_used: 0 });
    expect(free.headers.get('x-sandbox')).toBe('true');
    expect(garnish.balance(accountId)).toBe(5);

    const paid = await garnish.post(path, body, { key });
    expect(paid.json?.['credits_used']).toBeGreaterThan(0);
    expect(paid.headers.get('x-sandbox')).toBeNull();
    expect(Object.keys(free.json ?? {})).toEqual(Object.keys(paid.json ?? {}));
    const [mine, other] = [await pixelsOf(free), await pixelsOf(paid)];
    expect(mine.info).toEqual(other.info);
    const changed = mine.data.filter((value, i) => Math.abs(value - (other.data[i] ?? 0)) > 8);
    expect(changed.length / mine.data.length).toBeGreaterThan(0.05);
  });

  it('needs no balance, and leaves no entry in the ledger but a settled outcome', async () => {
    const { accountId, sandboxKey, key, imageUrl } = await newAccount(0);
    const body = { image_url: imageUrl };
    expect(codeOf(await garnish.post('/api/upscale', body, { key }))).toBe('insufficient_credits');
    const free = await garnish.post('/api/upscale', body, { key: sandboxKey });
    expect(free.json).toMatchObject({ credits_used: 0 });
    const { ledger, database } = garnish.server.books;
    expect(ledger.history(accountId)).toEqual([]);
    const outcomes = database
      .prepare('SELECT outcome, cost_credits AS cost FROM job_outcomes WHERE account_id = ?')
      .all(accountId);
    expect(outcomes).toEqual([{ outcome: 'settled', cost: 0 }]);
    expect(ledger.usedThisMonth(accountId)).toBe(0);
  });

  it('says so on errors and on routes that are free', async () => {
    const { sandboxKey, accountId, imageUrl } = await newAccount(0);
    const sandbox = { key: sandboxKey };
    const answers = [
      await garnish.call('/api/account/credits', sandbox),
      await garnish.call('/api/models', sandbox),
      await garnish.call('/api/nothing', sandbox),
      await garnish.call('/api/upscale', sandbox),
      await garnish.post('/api/upscale', { image_url: 7 }, sandbox),
      await garnish.post('/api/upscale', { image_url: 'https://127.0.0.1/x.jpg' }, sandbox),
      await garnish.post('/api/generate', { prompt: 'Pho' }, sandbox),
    ];
    garnish.server.accounts.setStatus(accountId, 'suspended');
    answers.push(await garnish.post('/api/upscale', { image_url: imageUrl }, sandbox));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 404, 405, 400, 400, 503, 403]);
    expect(answers.map(({ headers }) => headers.get('x-sandbox'))).toEqual(
      answers.map(() => 'true'),
    );
  });
});

describe('rate limits of sandbox keys', () => {
  it('are one window for all of an account, which paid calls are not counted on', async () => {
    const { accountId, key, sandboxKey } = await newAccount(0);
    const second = garnish.server.books.keys.create(accountId, { isSandbox: true }).key;
    const statuses: number[] = [];
    const remaining: (string | null)[] = [];
    for (let i = 0; i < 9; i += 1) {
      await garnish.call('/api/models', { key });
      const answer = await garnish.call('/api/models', { key: i % 2 === 0 ? sandboxKey : second });
      statuses.push(answer.status);
      remaining.push(answer.headers.get('x-ratelimit-remaining'));
    }
    expect(statuses).toEqual([200, 200, 200, 200, 200, 200, 200, 429, 429]);
    expect(remaining).toEqual(['6', '5', '4', '3', '2', '1', '0', '0', '0']);
    const refused = await garnish.call('/api/models', { key: sandboxKey });
    expect(codeOf(refused)).toBe('rate_limit_exceeded');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refused.headers.get('x-sandbox')).toBe('true');
    expect((await garnish.call('/api/models', { key })).status).toBe(200);
  });

  it('hold for an account whose own calls are used up, and the other way round', async () => {
    const { accountId, key: sandboxKey } = garnish.newKey({ perMinute: 1 }, { isSandbox: true });
    const { key } = garnish.server.books.keys.create(accountId);
    expect((await garnish.call('/api/models', { key })).status).toBe(200);
    expect((await garnish.call('/api/models', { key })).status).toBe(429);
    expect((await garnish.call('/api/models', { key: sandboxKey })).status).toBe(200);
  });
});

it('an Idempotency-Key of the sandbox stands for no paid call, nor the other way round', async () => {
  const { accountId, sandboxKey, key, imageUrl } = await newAccount(5);
  const headers = { 'Idempotency-Key': 'order-1' };
  const upscale = (by: string) =>
    garnish.post('/api/upscale', { image_url: imageUrl }, { key: by, headers });
  const free = await upscale(sandboxKey);
  const paid = await upscale(key);
  expect(free.json).toMatchObject({ credits_used: 0 });
  expect(paid.json).toMatchObject({ credits_used: 1 });
  expect(paid.json?.['id']).not.toBe(free.json?.['id']);
  expect(paid.headers.get('idempotent-replayed')).toBeNull();
  for (const [by, first] of [
    [sandboxKey, free],
    [key, paid],
  ] as const) {
    const again = await upscale(by);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(again.text).toBe(first.text);
  }
  expect(garnish.balance(accountId)).toBe(4);
});
