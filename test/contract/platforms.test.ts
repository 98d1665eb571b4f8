/** The platform routes over the socket, pictures measured by the real engine. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { auditBooks } from '../../src/accounts/audit.ts';
import {
  platformResponse,
  platformsResponse,
  preflightResponse,
} from '../../src/contract/platforms.ts';
import { drawPlate, encoded } from '../support/pictures.ts';
import { type Answer, codeOf, startTestServer, type TestServer } from '../support/server.ts';
import { sharp } from '../support/sharp.ts';

type Preflight = z.infer<typeof preflightResponse>;

const MAX_JOBS = 4;
let garnish: TestServer;
let source: Server;
let sourceUrl: string;
let asked = 0;
/** Answers that the source keeps back. */
const held: ServerResponse[] = [];
let plate: Buffer;
let small: Buffer;
let plateUrl: string;
let good: Preflight;

beforeAll(async () => {
  plate = await encoded(drawPlate(1600, 900));
  small = await encoded(drawPlate(64, 48));
  source = createServer((req, res) => {
    asked += 1;
    if (req.url === '/held') {
      held.push(res);
      return;
    }
    const answers: Readonly<Record<string, string | Buffer>> = { '/page': '<p>', '/small': small };
    res.end(answers[req.url ?? ''] ?? plate);
  });
  await new Promise<void>((resolve) => source.listen(0, '127.0.0.1', resolve));
  const { port } = source.address() as AddressInfo;
  sourceUrl = `http://127.0.0.1:${port}`;
  garnish = await startTestServer({
    GARNISH_FETCH_ALLOW: `127.0.0.1:${port}`,
    GARNISH_SANDBOX_PER_MINUTE: '3',
    GARNISH_MAX_JOBS_PER_ACCOUNT: String(MAX_JOBS),
  });
  plateUrl = await garnish.upload(plate);
  good = await preflight(plateUrl, 'doordash');
});
afterAll(async () => {
  expect(readdirSync(garnish.server.stagingFolder)).toEqual([]);
  expect(auditBooks(garnish.server.books.database)).toEqual([]);
  source.close();
  await garnish.stop();
});

/** An answer that was a success, of the contract's form to the letter. */
function preflightOf(answer: Answer): Preflight {
  expect([answer.status, codeOf(answer)]).toEqual([200, undefined]);
  return preflightResponse.parse(answer.json);
}
const preflight = async (image_url: string, platform: string, placement?: string) =>
  preflightOf(await garnish.post('/api/preflight', { image_url, platform, placement }));
const statusOf = ({ checks }: Preflight, name: string) =>
  checks.find(({ check }) => check === name)?.status;

describe('GET /api/platforms', () => {
  it('lists them with what they ask and where that was read', async () => {
    const answer = await garnish.call('/api/platforms');
    const { platforms } = platformsResponse.parse(answer.json);
    expect(platforms.length).toBeGreaterThan(15);
    const uber = platforms.find(({ id }) => id === 'uber-eats') ?? expect.fail();
    const [item] = uber.placements;
    const { minimum_size, ratio } = item?.requirements ?? expect.fail();
    expect(minimum_size?.claims[0]).toEqual({
      value: { width: 320, height: 320 },
      strength: 'required',
      via: null,
      note: null,
      source: 'UE3',
      status: 'confirmed',
    });
    expect(ratio?.claims.map(({ via }) => via)).toEqual([null, 'UrbanPiper']);
    expect(uber.sources.find(({ id }) => id === 'UE3')).toMatchObject({
      address: 'https://developer.uber.com/docs/eats/faq',
      read: '2026-11-23',
      page_date: '2026 (footer)',
    });
    expect(answer.headers.get('x-ratelimit-remaining')).not.toBeNull();
  });

  it('tells one by its id, and which there are', async () => {
    const wolt = await garnish.call('/api/platforms/wolt');
    expect(platformResponse.parse(wolt.json)).toMatchObject({ id: 'wolt', sources: [] });
    const none = await garnish.call('/api/platforms/waiter');
    expect([none.status, codeOf(none)]).toEqual([404, 'not_found']);
    expect(none.text).toContain('uber-eats');
  });

  it('needs a key that may read', async () => {
    const { key } = garnish.newKey({}, { scopes: ['upscale'] });
    expect((await garnish.call('/api/platforms', { key })).status).toBe(403);
    expect((await garnish.call('/api/platforms/wolt', { key: null })).status).toBe(401);
    const posted = await garnish.post('/api/platforms', {});
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });
});

describe('POST /api/preflight', () => {
  it('passes a plate in the middle of 1600 x 900', () => {
    expect(good).toMatchObject({ platform: 'doordash', placement: 'item', version: 1 });
    const bad = good.checks.filter(({ status }) => status === 'warning' || status === 'fail');
    expect(bad).toEqual([]);
    expect(good.verdict).toBe('pass');
    expect(good.picture).toMatchObject({
      width: 1600,
      height: 900,
      bytes: plate.length,
      format: 'jpeg',
      colour_space: 'sRGB',
      subject: { area: expect.closeTo(0.255, 1), touches: { left: 0, right: 0 } },
    });
  });

  it('takes an address as well as an upload, and keeps nothing of it', async () => {
    const before = asked;
    const found = await preflight(`${sourceUrl}/plate`, 'deliveroo', 'cover');
    expect(found.placement).toBe('cover');
    expect(statusOf(found, 'minimum_size')).toBe('fail');
    expect(asked).toBe(before + 1);
  });

  it('costs nothing, also without credits', async () => {
    const { accountId, key } = garnish.newKey({ credits: 0 });
    const image_url = await garnish.upload(small, key);
    const answer = await garnish.post('/api/preflight', { image_url, platform: 'wolt' }, { key });
    expect(preflightOf(answer).verdict).toBe('unknown');
    expect(garnish.balance(accountId)).toBe(0);
  });

  const worse: readonly (readonly [string, string, () => Promise<Buffer>])[] = [
    ['a blurred', 'sharpness', () => sharp(plate).blur(6).jpeg().toBuffer()],
    ['a dark', 'exposure', () => sharp(plate).linear(0.3).jpeg().toBuffer()],
    ['a burnt out', 'exposure', () => sharp(plate).linear(1.6).jpeg().toBuffer()],
    [
      'a cut',
      'subject_whole',
      () => sharp(plate).extract({ left: 0, top: 0, width: 1600, height: 500 }).toBuffer(),
    ],
    ['a portrait', 'orientation', () => sharp(plate).rotate(90).toBuffer()],
    ['a WebP', 'format', () => sharp(plate).webp().toBuffer()],
    ['a Display P3', 'colour_space', () => sharp(plate).withIccProfile('p3').toBuffer()],
  ];
  it.each(worse)('finds fault with %s plate by %s', async (_name, check, spoil) => {
    const found = await preflight(await garnish.upload(await spoil()), 'doordash');
    expect(['warning', 'fail']).toContain(statusOf(found, check));
    expect(statusOf(good, check)).toBe('pass');
  });

  it('counts on the windows of the account, as paid calls do', async () => {
    const { key } = garnish.newKey({ perMinute: 3, perDay: 100 });
    const image_url = await garnish.upload(small, key);
    const body = { image_url, platform: 'wolt' };
    const statuses = [];
    for (let call = 0; call < 4; call += 1) {
      statuses.push((await garnish.post('/api/preflight', body, { key })).status);
    }
    expect(statuses).toEqual([200, 200, 200, 429]);
  });
});

describe('abuse of POST /api/preflight', () => {
  const refusalOf = async (body: unknown, key?: string) => {
    const answer = await garnish.post('/api/preflight', body, key === undefined ? {} : { key });
    return [answer.status, codeOf(answer)];
  };

  it.each([
    ['http://169.254.169.254/latest/meta-data/', 'invalid_image_url'],
    ['http://localhost/x.jpg', 'invalid_image_url'],
    ['http://[::ffff:10.0.0.1]/x.jpg', 'invalid_image_url'],
    ['file:///etc/passwd', 'invalid_image_url'],
    ['data:image/png;base64,AAAA', 'invalid_image_url'],
    ['not a url', 'invalid_image_url'],
  ])('%s is refused as everywhere', async (image_url, code) => {
    expect(await refusalOf({ image_url, platform: 'wolt' })).toEqual([400, code]);
  });

  it('what is no picture is refused by name', async () => {
    const body = { image_url: `${sourceUrl}/page`, platform: 'wolt' };
    expect(await refusalOf(body)).toEqual([400, 'invalid_image']);
  });

  it("another account's upload is not to be had", async () => {
    const { key } = garnish.newKey();
    expect(await refusalOf({ image_url: plateUrl, platform: 'wolt' }, key)).toEqual([
      400,
      'invalid_image_url',
    ]);
  });

  it.each([
    ['an unknown platform', { platform: 'waiter' }, /Expected "deliverect", .*, received "waiter"/],
    ['a name that every object has', { platform: '__proto__' }, /received "__proto__"/],
    ['an endless name', { platform: 'x'.repeat(5000) }, /received "x{60}…"/],
    [
      'a placement it has not',
      { platform: 'wolt', placement: 'cover' },
      /Expected "item" for placement/,
    ],
    ['an empty placement', { platform: 'wolt', placement: '' }, /for placement, received ""/],
    ['a number', { platform: 7 }, /Expected a string for platform, received 7/],
    ['no platform', {}, /Expected a string for platform, received nothing/],
  ])('%s is refused before anything is fetched', async (_name, fields, sentence) => {
    const before = asked;
    const body = { image_url: `${sourceUrl}/plate`, ...fields };
    const answer = await garnish.post('/api/preflight', body);
    expect([answer.status, codeOf(answer)]).toEqual([400, 'invalid_request']);
    expect(answer.json).toMatchObject({
      error: { message: expect.stringMatching(sentence) },
    });
    expect(asked).toBe(before);
  });

  it('a key for reading makes nobody fetch', async () => {
    const { key } = garnish.newKey({}, { scopes: ['read'] });
    const before = asked;
    const body = { image_url: `${sourceUrl}/plate`, platform: 'wolt' };
    expect(await refusalOf(body, key)).toEqual([403, 'forbidden']);
    expect(await refusalOf(body, 'garnish_none')).toEqual([401, 'unauthorized']);
    expect(asked).toBe(before);
  });

  it('a sandbox key is marked, and ends at the windows of the sandbox', async () => {
    const { key } = garnish.newKey({}, { isSandbox: true });
    const image_url = await garnish.upload(small, key);
    const call = () => garnish.post('/api/preflight', { image_url, platform: 'wolt' }, { key });
    const answers = [await call(), await call(), await call(), await call()];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
    expect(answers[0]?.headers.get('x-sandbox')).toBe('true');
  });

  it('many at once of one account end at its share of the queue', async () => {
    const { key } = garnish.newKey();
    const body = { image_url: `${sourceUrl}/held`, platform: 'wolt' };
    const calls = Array.from({ length: 2 * MAX_JOBS }, () =>
      garnish.post('/api/preflight', body, { key }),
    );
    await expect.poll(() => held.length).toBe(MAX_JOBS);
    const refused = await Promise.race(calls);
    expect([refused.status, codeOf(refused)]).toEqual([429, 'too_many_concurrent_requests']);
    for (const res of held) res.end(small);
    const statuses = (await Promise.all(calls)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(MAX_JOBS);
    expect(statuses.filter((status) => status === 429)).toHaveLength(MAX_JOBS);
  });
});

it("a profile of the operator's own that cannot be used stops the start by name", async () => {
  const folder = mkdtempSync(join(tmpdir(), 'garnish-own-platforms-'));
  try {
    writeFileSync(join(folder, 'broken.json'), '{}');
    const start = startTestServer({ GARNISH_PLATFORMS_DIR: folder });
    await expect(start).rejects.toThrow(/broken\.json cannot be used/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
