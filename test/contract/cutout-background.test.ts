/** A picture laid under the dish that comes from another server: its limits, in a batch too, over a real socket. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { drawPlate, encoded } from '../support/pictures.ts';
import { codeOf, startTestServer, type TestServer } from '../support/server.ts';
import { sharp } from '../support/sharp.ts';

const LEFT = [30, 60, 90] as const;
const RIGHT = [200, 160, 120] as const;
const MAX_PIXELS = 200_000;
const bodies = new Map<string, Buffer>();
const outside = createServer((request, response) => response.end(bodies.get(request.url ?? '')));
let garnish: TestServer;
let image_url: string;
let table: string;
let base: string;

/** A picture of two halves. */
async function halves(width: number, height: number): Promise<Buffer> {
  const [r, g, b] = RIGHT;
  const half = { width: width / 2, height, channels: 3, background: { r, g, b } } as const;
  const input = await sharp({ create: half }).png().toBuffer();
  const [red, green, blue] = LEFT;
  const background = { r: red, g: green, b: blue };
  return sharp({ create: { width, height, channels: 3, background } })
    .composite([{ input, left: width / 2, top: 0 }])
    .png()
    .toBuffer();
}

beforeAll(async () => {
  await new Promise<void>((resolve) => outside.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(outside.address() as AddressInfo).port}`;
  base = `http://${host}`;
  garnish = await startTestServer({
    GARNISH_FETCH_ALLOW: host,
    GARNISH_MAX_SOURCE_PIXELS: String(MAX_PIXELS),
  });
  image_url = await garnish.upload(await encoded(drawPlate(400, 300), 'png'));
  table = await garnish.upload(await halves(800, 200));
  bodies.set('/table.png', await halves(400, 200));
  bodies.set('/text', Buffer.from('This is no picture.'));
  bodies.set('/large.png', await halves(600, 400));
});
afterAll(async () => {
  await garnish.stop();
  outside.close();
});

const post = (background: string, headers: Record<string, string> = {}) =>
  garnish.post('/api/remove-background', { image_url, options: { background } }, { headers });

test.each([
  ['no picture', () => `${base}/text`, 'invalid_image'],
  ['too many pixels', () => `${base}/large.png`, 'invalid_image'],
])('%s is refused by its field and costs nothing', async (_, background, code) => {
  const before = garnish.balance();
  const answer = await post(background());
  expect([answer.status, codeOf(answer)]).toEqual([400, code]);
  expect(answer.text).toContain('options.background');
  expect(garnish.balance()).toBe(before);
});

test('another one is another request to an Idempotency-Key', async () => {
  const headers = { 'Idempotency-Key': 'table' };
  expect((await post(table, headers)).status).toBe(200);
  expect(codeOf(await post(`${base}/table.png`, headers))).toBe('idempotency_conflict');
});

test('in a batch an item fails alone, and a wrong address is told with its item', async () => {
  const item = (background: string) => ({ image_url, options: { background } });
  const send = (items: readonly object[]) =>
    garnish.post('/api/batches', { operation: 'remove-background', items });
  const wrong = await send([item(table), item('ftp://a.example/b.png')]);
  expect(codeOf(wrong)).toBe('invalid_image_url');
  expect(wrong.text).toMatch(/items\.1.*options\.background/);
  const { json } = await send([item(table), item(`${base}/text`)]);
  const read = async () => (await garnish.call(`/api/batches/${String(json?.['id'])}`)).json;
  await expect.poll(async () => (await read())?.['state'], { timeout: 30_000 }).not.toBe('running');
  expect(await read()).toMatchObject({ completed: 1, failed: 1, credits_used: 1 });
});
