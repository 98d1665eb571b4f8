/** Case 104 of the abuse list: memory runs out, told by onnxruntime itself, in the real engine process. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Log } from '../../src/observability/log.ts';
import { HUNGRY_PACKS } from '../engine/test-packs.ts';
import { encoded } from '../support/pictures.ts';
import { codeOf, startTestServer, type TestServer } from '../support/server.ts';

const SIDE_PX = 192;
const events: Record<string, unknown>[] = [];
const note = (event: string, fields?: object) => void events.push({ event, ...fields });
const log: Log = { debug: note, info: note, warn: note, error: note };

let garnish: TestServer;
beforeAll(async () => {
  garnish = await startTestServer(
    { GARNISH_PACKS_DIR: HUNGRY_PACKS, GARNISH_ENGINE_WORKERS: '2' },
    log,
  );
});
afterAll(() => garnish.stop());

/** A picture of one grey: 255 never fits, 220 only in small tiles, 100 always. */
async function pictureOf(level: number): Promise<string> {
  const data = new Uint8Array(SIDE_PX * SIDE_PX * 3).fill(level);
  const picture = { data, widthPx: SIDE_PX, heightPx: SIDE_PX, channels: 3 as const };
  return garnish.upload(await encoded(picture));
}

const shortages = () => events.filter(({ event }) => event === 'out-of-memory');
const upscale = async (level: number, headers: Record<string, string> = {}) =>
  garnish.post(
    '/api/upscale',
    { image_url: await pictureOf(level), output_format: 'png' },
    { headers },
  );

it('is met with smaller tiles, and the picture is served', async () => {
  const before = garnish.balance();
  const answer = await upscale(220);
  expect(answer.status).toBe(200);
  expect(answer.json).toMatchObject({
    upscaled_size: { width: 2 * SIDE_PX, height: 2 * SIDE_PX },
  });
  expect(garnish.balance()).toBe(before - 1);
  expect(shortages()).toMatchObject([
    {
      packIds: ['hungry-upscale'],
      tried: ['a tile of 104 instead of 208'],
      isServed: true,
      device: 'cpu',
    },
  ]);
});

it('is answered with 503 when nothing smaller fits: free, and the next job is served', async () => {
  const before = garnish.balance();
  events.length = 0;
  const answer = await upscale(255);
  expect([answer.status, codeOf(answer)]).toEqual([503, 'overloaded']);
  expect(answer.headers.get('Retry-After')).toBe('60');
  expect(answer.text).not.toMatch(/alloc|memory|hungry/i);
  expect(garnish.balance()).toBe(before);
  const [shortage] = shortages();
  expect(shortage).toMatchObject({ packIds: ['hungry-upscale'], isServed: false });
  expect(shortage?.['tried']).toEqual([
    'a tile of 104 instead of 208',
    'a tile of 64 instead of 104',
    expect.stringMatching(/^gave back .*hungry-cutout/), // what was idle, then once more
    'a tile of 104 instead of 208',
    'a tile of 64 instead of 104',
  ]);
  expect((await upscale(100)).status).toBe(200);
});

it('ends a job that nobody waits for too, instead of beginning it again for ever', async () => {
  const before = garnish.balance();
  const accepted = await upscale(255, { Prefer: 'respond-async' });
  expect(accepted.status).toBe(202);
  const path = `/api/jobs/${accepted.json?.['id']}`;
  for (;;) {
    const { json } = await garnish.call(path);
    if (json?.['state'] === 'failed') break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(garnish.balance()).toBe(before);
});

it('is no wedge: six hopeless jobs among six good ones, at once, on two workers', async () => {
  const before = garnish.balance();
  const pids = garnish.server.engine.state.map(({ pid }) => pid);
  const cutout = async (level: number) =>
    (await garnish.post('/api/remove-background', { image_url: await pictureOf(level) })).status;
  const levels = Array.from({ length: 12 }, (_, at) => (at % 2 === 0 ? 255 : 100));
  const statuses = await Promise.all(levels.map(cutout));
  expect(statuses).toEqual(levels.map((level) => (level === 255 ? 503 : 200)));
  expect(garnish.balance()).toBe(before - 6);
  expect(garnish.server.engine.state.map(({ pid }) => pid)).toEqual(pids);
});
