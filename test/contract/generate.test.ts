/** POST /api/generate over a real socket, with pipelines of random weights as packs. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { generateResponse } from '../../src/contract/responses.ts';
import { drawSeed } from '../../src/http/routes/generate.ts';
import { DRAWER, EDITOR, installFixturePack } from '../support/fixture-packs.ts';
import { drawPlate, encoded } from '../support/pictures.ts';
import {
  type Answer,
  type Call,
  codeOf,
  startTestServer,
  type TestServer,
} from '../support/server.ts';
import { sharp } from '../support/sharp.ts';

const PROMPT =
  'Gourmet burger with melted cheese, sesame bun, fresh lettuce, on a rustic wooden board';
const ASYNC = { headers: { Prefer: 'respond-async' } };
const packs = mkdtempSync(join(tmpdir(), 'garnish-packs-'));
let garnish: TestServer;
let dish: string;

interface Image {
  readonly url: string;
  readonly width: number;
  readonly height: number;
}

/** A request that a pack cannot carry out. */
interface Unable {
  readonly model?: string;
  readonly options: object;
  readonly withSource?: boolean;
}

const imagesOf = (answer: Answer) => answer.json?.['images'] as readonly Image[];

const generate = (body: object = {}, call: Call = {}) =>
  garnish.post('/api/generate', { prompt: PROMPT, ...body }, call);

const cdnFiles = () => readdirSync(join(garnish.dataDir, 'cdn', 'gen')).sort();

async function fileOf({ url }: Image): Promise<Buffer> {
  const response = await fetch(url);
  expect(response.status).toBe(200);
  return Buffer.from(await response.arrayBuffer());
}

/** The first picture of a call that must succeed. */
async function pictureOf(body: object): Promise<Buffer> {
  const answer = await generate(body);
  expect(answer.status, answer.text).toBe(200);
  return fileOf(imagesOf(answer)[0]!);
}

async function whenEnded(id: string) {
  const read = async () => (await garnish.call(`/api/jobs/${id}`)).json;
  await expect.poll(async () => (await read())?.['finished_at'], { timeout: 30_000 }).toBeTruthy();
  return read();
}

test('a pack that says more of itself than its pipeline can do ends the start', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'garnish-packs-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  installFixturePack(folder, DRAWER, { supports: ['strength', 'reference'] });
  const env = { GARNISH_PACKS_DIR: folder, GARNISH_ENGINE_WORKERS: '1' };
  await expect(startTestServer(env)).rejects.toThrow(
    `Pack ${DRAWER} cannot be used: "reference" is in its "supports"`,
  );
}, 60_000);

test('seeds are drawn from the whole range that a caller may give', () => {
  const seeds = Array.from({ length: 2000 }, drawSeed);
  expect(seeds.every((seed) => Number.isSafeInteger(seed) && seed >= 0)).toBe(true);
  expect(new Set(seeds).size).toBe(2000);
  expect(Math.max(...seeds)).toBeGreaterThan(2 ** 52);
  expect(Math.min(...seeds)).toBeLessThan(2 ** 49);
});

describe('POST /api/generate', { timeout: 60_000 }, () => {
  beforeAll(async () => {
    installFixturePack(packs, EDITOR);
    installFixturePack(packs, DRAWER);
    garnish = await startTestServer({
      GARNISH_PACKS_DIR: packs,
      GARNISH_ENGINE_WORKERS: '1',
    });
    dish = await garnish.upload(await encoded(drawPlate(120, 90)));
  }, 120_000);
  afterAll(async () => {
    await garnish?.stop();
    rmSync(packs, { recursive: true, force: true });
  });

  test('answers the hosted example as the contract shows it', async () => {
    const before = garnish.balance();
    const answer = await garnish.post('/api/generate', {
      prompt: PROMPT,
      style: 'natural',
      model: 'flux-2-pro',
      aspect_ratio: '1:1',
    });
    expect(answer.status, answer.text).toBe(200);
    const { id, created_at: createdAt } = answer.json as Record<string, string>;
    const random = String(id).slice('gen_'.length);
    expect(answer.text).toBe(
      JSON.stringify({
        id,
        status: 'completed',
        credits_used: 1,
        images: [{ url: `${garnish.url}/cdn/gen/${random}_0.jpg`, width: 1024, height: 1024 }],
        model: 'flux-2-pro',
        created_at: createdAt,
      }),
    );
    expect(() => generateResponse.parse(answer.json)).not.toThrow();
    expect(id).toMatch(/^gen_[a-z0-9]{26}$/);
    expect(answer.headers.get('x-model-pack')).toBe(DRAWER);
    expect(answer.headers.get('x-seed')).toMatch(/^\d+$/);
    const metadata = await sharp(await fileOf(imagesOf(answer)[0]!)).metadata();
    expect(metadata).toMatchObject({ format: 'jpeg', width: 1024, height: 1024 });
    expect(garnish.balance()).toBe(before - 1);
  });

  test.each([
    ['4:3', 'flux-2-pro', 1024, 768],
    ['16:9', 'flux-2-pro', 1024, 576],
    ['9:16', 'flux-2-pro', 576, 1024],
    ['16:9', 'flux-2-max', 2048, 1152],
  ])('%s of %s is exactly %ix%i', async (ratio, model, width, height) => {
    const body = { aspect_ratio: ratio, model, options: { format: 'webp', steps: 1 } };
    const answer = await generate(body);
    expect(imagesOf(answer)).toMatchObject([{ width, height }]);
    const metadata = await sharp(await fileOf(imagesOf(answer)[0]!)).metadata();
    expect(metadata).toMatchObject({ format: 'webp', width, height });
  });

  test('makes several pictures of one prompt, each charged', async () => {
    const before = garnish.balance();
    const answer = await generate({ count: 3, seed: 11 });
    expect(imagesOf(answer).map(({ url }) => url.slice(-6))).toEqual([
      '_0.jpg',
      '_1.jpg',
      '_2.jpg',
    ]);
    const files = await Promise.all(imagesOf(answer).map(fileOf));
    expect(new Set(files.map((file) => file.toString('base64'))).size).toBe(3);
    expect(answer.json).toMatchObject({ credits_used: 3 });
    expect(garnish.balance()).toBe(before - 3);
  });

  test('the same seed gives the same bytes, another seed and another style others', async () => {
    const first = await pictureOf({ seed: 5 });
    expect((await pictureOf({ seed: 5 })).equals(first)).toBe(true);
    expect((await pictureOf({ seed: 6 })).equals(first)).toBe(false);
    expect((await pictureOf({ seed: 5, style: 'moody' })).equals(first)).toBe(false);
    expect((await pictureOf({ seed: 5, options: { steps: 2 } })).equals(first)).toBe(false);
  });

  test('a seed that was drawn is told and gives the same picture again', async () => {
    const answer = await generate();
    const seed = Number(answer.headers.get('x-seed'));
    const first = await fileOf(imagesOf(answer)[0]!);
    expect((await pictureOf({ seed })).equals(first)).toBe(true);
  });

  test('a retry with the same key gives the same answer and headers, charged once', async () => {
    const before = garnish.balance();
    const call = { headers: { 'Idempotency-Key': 'dish-1' } };
    const body = { prompt: 'soup '.repeat(200), count: 2 };
    const first = await generate(body, call);
    const again = await generate(body, call);
    expect(again.text).toBe(first.text);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    for (const name of ['x-seed', 'x-prompt-truncated', 'x-model-pack']) {
      expect(again.headers.get(name)).toBe(first.headers.get(name));
    }
    expect(garnish.balance()).toBe(before - 2);
  });

  test('a prompt longer than the pack reads is cut, which a header tells', async () => {
    const answer = await generate({ prompt: 'burger '.repeat(100) });
    const [kept, total] = String(answer.headers.get('x-prompt-truncated')).split('/').map(Number);
    expect(kept).toBe(75);
    expect(total).toBeGreaterThan(100);
    expect((await generate({ prompt: 'soup' })).headers.get('x-prompt-truncated')).toBeNull();
  });

  test('seeddream edits by instruction with the pack that can, others start from the picture', async () => {
    const body = { seed: 3, aspect_ratio: '16:9', options: { image_url: dish } };
    const edited = await generate({ ...body, model: 'seeddream' });
    expect(edited.status, edited.text).toBe(200);
    expect(edited.headers.get('x-model-pack')).toBe(EDITOR);
    expect(imagesOf(edited)).toMatchObject([{ width: 2048, height: 1152 }]);
    const without = await pictureOf({ seed: 3, aspect_ratio: '16:9', model: 'seeddream' });
    expect((await fileOf(imagesOf(edited)[0]!)).equals(without)).toBe(false);

    const started = await generate({ ...body, options: { image_url: dish, strength: 0.5 } });
    expect(started.headers.get('x-model-pack')).toBe(DRAWER);
    expect(started.status, started.text).toBe(200);
    const anew = await pictureOf({ seed: 3, aspect_ratio: '16:9' });
    expect((await fileOf(imagesOf(started)[0]!)).equals(anew)).toBe(false);
  });

  test.each([
    ['options.steps', { options: { steps: 21 } }],
    ['options.guidance_scale', { options: { guidance_scale: 15.5 } }],
    ['options.image_url', { options: { strength: 0.5 } }],
    ['options.strength', { options: { strength: 0.1 }, withSource: true }],
    ['options.negative_prompt', { model: 'seeddream', options: { negative_prompt: 'hair' } }],
    ['options.guidance_scale', { model: 'seeddream', options: { guidance_scale: 1 } }],
    ['options.strength', { model: 'seeddream', options: { strength: 0.5 }, withSource: true }],
  ])('refuses %s that the pack cannot do: %j', async (field, body: Unable) => {
    const before = garnish.balance();
    const { withSource, ...rest } = body;
    const source = withSource === true ? { image_url: dish } : {};
    const answer = await generate({ ...rest, options: { ...body.options, ...source } });
    expect([answer.status, codeOf(answer)]).toEqual([400, 'invalid_request']);
    expect(answer.text).toContain(field);
    expect(garnish.balance()).toBe(before);
  });

  test('402 when the balance does not pay for all pictures, and nothing is made', async () => {
    const { key, accountId } = garnish.newKey({ credits: 3 });
    const files = cdnFiles();
    const answer = await generate({ count: 4 }, { key });
    expect([answer.status, codeOf(answer)]).toEqual([402, 'insufficient_credits']);
    expect(answer.json?.['error']).toMatchObject({ required_credits: 4, available_credits: 3 });
    expect(garnish.balance(accountId)).toBe(3);
    expect(cdnFiles()).toEqual(files);
  });

  test('a source that cannot be fetched is not charged', async () => {
    const before = garnish.balance();
    const text = 'http://127.0.0.1:80/none.jpg';
    const answer = await generate({ options: { image_url: text } });
    expect([answer.status, codeOf(answer)]).toEqual([400, 'invalid_image_url']);
    expect(garnish.balance()).toBe(before);
  });

  test('in the background the job has the same result, and can be listed', async () => {
    const answer = await generate({ count: 2, seed: 9 }, ASYNC);
    expect(answer.status).toBe(202);
    const job = await whenEnded(String(answer.json?.['id']));
    expect(job).toMatchObject({ operation: 'generate', state: 'completed', error: null });
    const direct = await generate({ count: 2, seed: 9 });
    const result = job?.['result'] as Record<string, unknown>;
    expect(Object.keys(result)).toEqual(Object.keys(direct.json ?? {}));
    const [first] = result['images'] as readonly Image[];
    expect((await fileOf(first!)).equals(await fileOf(imagesOf(direct)[0]!))).toBe(true);
    const { jobs } = (await garnish.call('/api/jobs?limit=3')).json as { jobs: unknown[] };
    expect(jobs).toContainEqual(job);
  });

  test('cancelled while it runs, it gives every credit back and leaves no file', async () => {
    const before = garnish.balance();
    const files = cdnFiles();
    const body = { count: 4, model: 'flux-2-max', options: { steps: 20 } };
    const id = String((await generate(body, ASYNC)).json?.['id']);
    expect(garnish.balance()).toBe(before - 8);
    const progress = async () => Number((await garnish.call(`/api/jobs/${id}`)).json?.['progress']);
    await expect.poll(progress, { timeout: 20_000, interval: 10 }).toBeGreaterThan(0);
    const cancelled = await garnish.call(`/api/jobs/${id}`, { method: 'DELETE' });
    expect(cancelled.json).toMatchObject({ state: 'cancelled', result: null });
    expect(garnish.balance()).toBe(before);
    expect(cdnFiles()).toEqual(files);
  });

  test('a batch makes several requests, and its archive has every picture', async () => {
    const items = [{ prompt: 'soup', count: 2 }, { prompt: 'pie' }];
    const made = await garnish.post('/api/batches', { operation: 'generate', items });
    expect(made.status, made.text).toBe(202);
    const path = `/api/batches/${made.json?.['id']}`;
    const state = async () => (await garnish.call(path)).json?.['state'];
    await expect.poll(state, { timeout: 30_000 }).toBe('completed');
    expect((await garnish.call(path)).json).toMatchObject({ completed: 2, credits_used: 3 });
    const zip = (await garnish.call(`${path}/results.zip`)).text;
    const names = [...zip.matchAll(/0\d\d_gen_[a-z0-9]{26}(_\d\.jpg)/g)].map(([, end]) => end);
    expect([...new Set(names)].sort()).toEqual(['_0.jpg', '_1.jpg']);
    expect(names.length).toBeGreaterThanOrEqual(3);
  });

  test('a sandbox key gets the picture marked, free of charge', async () => {
    const { accountId } = garnish.newKey({ credits: 0 });
    const { key } = garnish.server.books.keys.create(accountId, { isSandbox: true });
    const answer = await generate({ seed: 5 }, { key });
    expect(answer.json).toMatchObject({ credits_used: 0 });
    const marked = await fileOf(imagesOf(answer)[0]!);
    expect(marked.equals(await pictureOf({ seed: 5 }))).toBe(false);
  });
});
