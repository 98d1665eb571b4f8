/** More than the server can or may do, cases 42-44, 46 and 102 of the abuse list: refused, never charged. */
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { drawPlate, encoded } from '../support/pictures.ts';
import { openSocket } from '../support/raw.ts';
import { type Answer, codeOf, startTestServer, type TestServer } from '../support/server.ts';
import { fillDisk, mountSmallDisk } from '../support/small-disk.ts';

let garnish: TestServer | undefined;
afterEach(async () => {
  await garnish?.stop();
  garnish = undefined;
});

/** A server and an address of a picture on it. */
async function started(env: Record<string, string>) {
  garnish = await startTestServer({ GARNISH_ENGINE_WORKERS: '1', ...env });
  return { server: garnish, image_url: await garnish.upload(await encoded(drawPlate(64, 48))) };
}

/** Each refusal has one of these codes and says when to try again; each success was paid, nothing else. */
function expectRefusals(answers: readonly Answer[], code: string, status: number): number {
  const refused = answers.filter((answer) => answer.status !== 200);
  expect(refused.length).toBeGreaterThan(0);
  for (const answer of refused) {
    expect([answer.status, codeOf(answer)]).toEqual([status, code]);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  }
  return answers.length - refused.length;
}

/** Credits that one upscaling costs. */
async function priceOf(server: TestServer, image_url: string): Promise<number> {
  const before = server.balance();
  expect((await server.post('/api/upscale', { image_url })).status).toBe(200);
  return before - server.balance();
}

describe('too many at once', () => {
  it('case 42: one key fills its share, and another account is still served', async () => {
    const { server, image_url } = await started({ GARNISH_MAX_JOBS_PER_ACCOUNT: '2' });
    const price = await priceOf(server, image_url);
    const before = server.balance();
    const other = server.newKey();
    const otherUrl = await server.upload(await encoded(drawPlate(64, 48)), other.key);
    const many = Array.from({ length: 20 }, () => server.post('/api/upscale', { image_url }));
    const one = server.post('/api/upscale', { image_url: otherUrl }, { key: other.key });
    const done = expectRefusals(await Promise.all(many), 'too_many_concurrent_requests', 429);
    expect((await one).status).toBe(200);
    expect(before - server.balance()).toBe(done * price);
  });

  it('case 43: the queue of the server is full', async () => {
    const { server, image_url } = await started({ GARNISH_MAX_QUEUE: '1' });
    const price = await priceOf(server, image_url);
    const before = server.balance();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => server.post('/api/upscale', { image_url })),
    );
    const done = expectRefusals(answers, 'overloaded', 503);
    expect(done).toBeGreaterThan(0);
    expect(before - server.balance()).toBe(done * price);
  });

  it('case 102: the same picture a thousand times in parallel from one key', async () => {
    const { server, image_url } = await started({ GARNISH_MAX_JOBS_PER_ACCOUNT: '8' });
    const price = await priceOf(server, image_url);
    const before = server.balance();
    const answers = await Promise.all(
      Array.from({ length: 1000 }, () => server.post('/api/upscale', { image_url })),
    );
    const done = expectRefusals(answers, 'too_many_concurrent_requests', 429);
    expect(done).toBeGreaterThanOrEqual(8);
    expect(before - server.balance()).toBe(done * price);
    expect((await server.post('/api/upscale', { image_url })).status).toBe(200);
  });
});

/** A source that has been asked for and answers when it is told to. */
async function heldSource() {
  const picture = await encoded(drawPlate(64, 48));
  const events = new EventEmitter();
  const asked = once(events, 'asked');
  const released = once(events, 'released');
  const source = createServer(async (_req, res) => {
    events.emit('asked');
    await released;
    res.setHeader('Content-Type', 'image/jpeg').end(picture);
  }).listen(0, '127.0.0.1');
  await once(source, 'listening');
  onTestFinished(() => void source.close());
  const { port } = source.address() as AddressInfo;
  return {
    env: { GARNISH_FETCH_ALLOW: `127.0.0.1:${port}`, GARNISH_FETCH_DEADLINE_S: '60' },
    url: `http://127.0.0.1:${port}/dish.jpg`,
    asked,
    release: () => events.emit('released'),
  };
}

it('case 42: is refused before its body has arrived, but for a retry that may be a replay', async () => {
  const source = await heldSource();
  const { server, image_url } = await started({ ...source.env, GARNISH_MAX_JOBS_PER_ACCOUNT: '1' });
  const first = server.post('/api/upscale', { image_url: source.url });
  await source.asked;
  const body = JSON.stringify({ image_url });
  const head = (more = '') =>
    `POST /api/upscale HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.key}\r\n${more}` +
    `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
  const early = openSocket(server.url);
  early.write(head());
  expect(String((await once(early, 'data'))[0])).toMatch(/^HTTP\/1\.1 429 /);
  early.destroy();
  const retry = openSocket(server.url);
  retry.write(head('Idempotency-Key: one\r\n'));
  const answered = once(retry, 'data');
  const waited = new Promise((resolve) => setTimeout(resolve, 300, 'waits for the body'));
  expect(await Promise.race([answered, waited])).toBe('waits for the body');
  retry.write(body);
  expect(String((await answered)[0])).toMatch(/^HTTP\/1\.1 429 /);
  retry.destroy();
  source.release();
  expect((await first).status).toBe(200);
});

it('case 44: while the server stops, new calls are refused and the running one ends', async () => {
  const source = await heldSource();
  const { server, image_url } = await started(source.env);
  const running = server.post('/api/upscale', { image_url: source.url });
  await source.asked;
  garnish = undefined;
  const stopped = server.stop();
  const refused = await server.post('/api/upscale', { image_url });
  expectRefusals([refused], 'shutting_down', 503);
  expect(refused.headers.get('connection')).toBe('close');
  source.release();
  expect((await running).status).toBe(200);
  await stopped;
});

describe('case 46: a disk that is really full', () => {
  it.for([
    ['is seen at admission', '1'],
    ['shows at the first write', '0'],
  ] as const)('%s', async ([, minFreeMib], context) => {
    const disk = mountSmallDisk(24);
    if (disk === undefined) return context.skip('Mounting a tmpfs is not permitted here.');
    const { server, image_url } = await started({
      GARNISH_DATA_DIR: disk,
      GARNISH_BALLAST_MIB: '4',
      GARNISH_MIN_FREE_DISK_MIB: minFreeMib,
    });
    const price = await priceOf(server, image_url);
    const before = server.balance();
    const removeFiller = fillDisk(disk);
    const answers: Answer[] = [];
    for (let i = 0; i < 12; i += 1) answers.push(await server.post('/api/upscale', { image_url }));
    const done = expectRefusals(answers, 'storage_full', 503);
    expect(before - server.balance()).toBe(done * price);
    removeFiller();
    expect((await server.post('/api/upscale', { image_url })).status).toBe(200);
    await garnish?.stop();
    garnish = undefined;
  });
});
