/** The admin routes over a real socket: who may call them, and what they do. */
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { adminPacksResponse } from '../../src/contract/admin.ts';
import { drawPlate, encoded } from '../support/pictures.ts';
import { codeOf, startTestServer, type TestServer } from '../support/server.ts';

const CUTOUT = 'garnish-cutout';
let garnish: TestServer;
let admin: string;

const adminKey = (server: TestServer, isSandbox = false) =>
  server.newKey({}, { scopes: ['admin'], isSandbox }).key;

beforeAll(async () => {
  garnish = await startTestServer({ GARNISH_ENGINE_WORKERS: '1', GARNISH_TRUST_PROXY: '1' });
  admin = adminKey(garnish);
});
afterAll(() => garnish.stop());

const list = (options: Parameters<TestServer['call']>[1] = {}) =>
  garnish.call('/api/admin/packs', { key: admin, ...options });

interface Loaded {
  readonly device: string;
  readonly pinned: boolean;
  readonly keep_alive_s: number;
}
interface Pack {
  readonly id: string;
  readonly loaded: readonly Loaded[];
}
const packIn = (json: Record<string, unknown> = {}) =>
  (json['packs'] as Pack[]).find((pack) => pack.id === CUTOUT);

describe('who may call', () => {
  it('a local caller with the scope, and nobody with less', async () => {
    expect((await list()).status).toBe(200);
    expect(codeOf(await list({ key: null }))).toBe('unauthorized');
    expect(codeOf(await list({ key: garnish.key }))).toBe('forbidden');
    expect(codeOf(await list({ key: adminKey(garnish, true) }))).toBe('forbidden');
  });

  it.each([
    ['X-Forwarded-For', '127.0.0.1'],
    ['Forwarded', 'for=127.0.0.1'],
    ['Via', '1.1 proxy'],
    ['X-Real-IP', '127.0.0.1'],
  ])('nobody through a proxy: %s', async (name, value) => {
    const answer = await list({ headers: { [name]: value } });
    // A forwarded caller on plain HTTP may be refused for that before.
    expect([answer.status, codeOf(answer)]).toEqual([403, 'forbidden']);
  });

  it('what is no such route or method is told as everywhere', async () => {
    expect(codeOf(await garnish.call('/api/admin/none', { key: admin }))).toBe('not_found');
    expect(codeOf(await list({ method: 'DELETE' }))).toBe('method_not_allowed');
    const answer = await list();
    expect(answer.headers.get('X-RateLimit-Remaining')).not.toBeNull();
  });
});

describe('what is told', () => {
  it('each pack with its licence, files, sizes, and where it is in memory', async () => {
    const { json } = await list();
    expect(adminPacksResponse.safeParse(json).error).toBeUndefined();
    expect(packIn(json)).toMatchObject({
      task: 'segmentation',
      licence: { commercial_use: true },
      files: { count: 1, state: 'verified' },
      in_use: true,
      declared_mib: 50,
      loaded: [
        { device: 'cpu', provider: 'cpu', copies: 1, pinned: false, keep_alive_s: -1, uses: 0 },
      ],
    });
    const devices = json?.['devices'] as { used_mib: number; budget_mib: number }[];
    const device = devices[0];
    expect(device?.used_mib).toBeGreaterThan(10);
    expect(device?.budget_mib).toBeGreaterThan(device?.used_mib ?? 0);
  });
});

describe('what can be done', () => {
  it('a pack goes and comes, with a time and a pin of its own', async () => {
    const gone = await garnish.post(`/api/admin/packs/${CUTOUT}/unload`, {}, { key: admin });
    expect(gone.json).toMatchObject({ id: CUTOUT, loaded: [] });
    const body = { keep_alive_s: 60, pin: true };
    const back = await garnish.post(`/api/admin/packs/${CUTOUT}/load`, body, { key: admin });
    expect(back.json).toMatchObject({
      id: CUTOUT,
      loaded: [{ device: 'cpu', pinned: true, keep_alive_s: 60 }],
    });
    expect(packIn((await list()).json)?.loaded).toHaveLength(1);
  });

  it('no body is no wish, and a wrong one is refused by its field', async () => {
    const path = `/api/admin/packs/${CUTOUT}/load`;
    expect((await garnish.call(path, { method: 'POST', key: admin })).status).toBe(200);
    const wrong = await garnish.post(path, { keep_alive_s: -7 }, { key: admin });
    expect([wrong.status, codeOf(wrong)]).toEqual([400, 'invalid_request']);
    expect(wrong.text).toContain('keep_alive_s');
  });

  it('a pack that is not in use is not found', async () => {
    const answer = await garnish.post('/api/admin/packs/none/load', {}, { key: admin });
    expect([answer.status, codeOf(answer)]).toEqual([404, 'not_found']);
  });
});

it('a pack that the budget never has room for costs nothing, and the others are served', async () => {
  const server = await startTestServer({
    GARNISH_ENGINE_WORKERS: '1',
    GARNISH_MEMORY_BUDGET_MIB: '55', // one manifest says 50 MiB, the other 62
    GARNISH_PRELOAD: 'none',
  });
  onTestFinished(() => server.stop());
  const before = server.balance();
  const body = { image_url: await server.upload(await encoded(drawPlate(48, 32))) };
  const refused = await server.post('/api/upscale', body);
  expect([refused.status, codeOf(refused)]).toEqual([503, 'model_unavailable']);
  expect(refused.headers.get('Retry-After')).toBe('3600');
  expect(server.balance()).toBe(before);
  expect((await server.post('/api/remove-background', body)).status).toBe(200);
});

it('with a listener of their own the routes are there, and nowhere else', async () => {
  const server = await startTestServer({
    GARNISH_ENGINE_WORKERS: '1',
    GARNISH_ADMIN_HOST: '127.0.0.1',
    GARNISH_ADMIN_PORT: '0',
    GARNISH_MEMORY_BUDGET_MIB: '55',
  });
  onTestFinished(() => server.stop());
  const key = adminKey(server);
  expect(codeOf(await server.call('/api/admin/packs', { key }))).toBe('not_found');
  const { adminUrl } = server.server;
  const headers = { Authorization: `Bearer ${key}`, 'X-Forwarded-For': '203.0.113.9' };
  const listed = await fetch(`${adminUrl}/api/admin/packs`, { headers });
  expect(listed.status).toBe(200);
  expect((await fetch(`${adminUrl}/api/models`, { headers })).status).toBe(404);
  expect((await fetch(`${adminUrl}/api/admin/packs`)).status).toBe(401);
  const refused = await fetch(`${adminUrl}/api/admin/packs/garnish-upscale/load`, {
    method: 'POST',
    headers,
  });
  expect(refused.status).toBe(503);
  expect(await refused.text()).toMatch(
    /garnish-upscale takes 62 MiB, more than the memory budget of 55 MiB/,
  );
});
