/** Making more of a sandbox key than it is for. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { auditBooks } from '../../src/accounts/audit.ts';
import { drawPlate, encoded } from '../support/pictures.ts';
import { codeOf, startTestServer, type TestServer } from '../support/server.ts';

const PER_MINUTE = 20;
let garnish: TestServer;

beforeAll(async () => {
  garnish = await startTestServer({ GARNISH_SANDBOX_PER_MINUTE: String(PER_MINUTE) });
});
afterAll(() => garnish.stop());

it.each([
  ['a sandbox key without its mark', true, (key: string) => key.replace('_test_', '_')],
  ['an ordinary key with the mark', false, (key: string) => key.replace('_', '_test_')],
])('%s is no key', async (_name, isSandbox, forge) => {
  const { key } = garnish.newKey({}, { isSandbox });
  expect((await garnish.call('/api/account/credits', { key })).status).toBe(200);
  const forged = await garnish.call('/api/account/credits', { key: forge(key) });
  expect([forged.status, codeOf(forged)]).toEqual([401, 'unauthorized']);
  expect(forged.headers.get('x-sandbox')).toBeNull();
});

it('80 calls at once with four keys of one account: exactly as many as the limit, all free', async () => {
  const { accountId, key } = garnish.newKey({ credits: 3 }, { isSandbox: true });
  const { keys } = garnish.server.books;
  const more = [1, 2, 3].map(() => keys.create(accountId, { isSandbox: true }).key);
  const imageUrl = await garnish.upload(await encoded(drawPlate(32, 32)), key);
  const answers = await Promise.all(
    Array.from({ length: 80 }, (_, i) =>
      garnish.post('/api/upscale', { image_url: imageUrl }, { key: [key, ...more][i % 4] ?? key }),
    ),
  );
  const delivered = answers.filter(({ status }) => status === 200);
  const refused = answers.filter(({ status }) => status !== 200);
  expect(delivered).toHaveLength(PER_MINUTE);
  expect(new Set(refused.map(codeOf))).toEqual(new Set(['rate_limit_exceeded']));
  expect(new Set(delivered.map(({ json }) => json?.['credits_used']))).toEqual(new Set([0]));
  expect(garnish.balance(accountId)).toBe(3);
  expect(auditBooks(garnish.server.books.database)).toEqual([]);
});
