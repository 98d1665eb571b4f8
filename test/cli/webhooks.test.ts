import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openWebhooks } from '../../src/cli/webhooks.ts';
import { loadConfig } from '../../src/config.ts';
import type { Log } from '../../src/observability/log.ts';
import { MARCH, testBooks } from '../accounts/fixture.ts';
import { serveHttp } from '../fetching/loopback.ts';

test('an offline server says so and lets events wait for a start that is not', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'garnish-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const receiver = await serveHttp((_req, res) => res.writeHead(204).end());
  onTestFinished(() => receiver.close());
  const { database, jobs, accounts } = testBooks();
  const { id: accountId } = accounts.create({ plan: 'pro' }, MARCH);
  const logged: string[] = [];
  const note = (event: string) => void logged.push(event);
  const log: Log = { debug: note, info: note, warn: note, error: note };
  const open = (isOffline: boolean) => {
    const env = { GARNISH_FETCH_ALLOW: receiver.host, GARNISH_OFFLINE: String(isOffline) };
    const webhooks = openWebhooks({ config: loadConfig(env, folder), database, jobs, log });
    onTestFinished(() => webhooks.stop());
    return webhooks;
  };

  const first = open(false); // not started: it stands for the server before it went offline
  const { id } = first.book.create(accountId, receiver.url('/'));
  first.book.test(accountId, id);

  const offline = open(true);
  offline.start();
  expect(() => offline.book.test(accountId, id)).toThrow('offline');
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(logged).toContain('webhooks-offline');
  expect(receiver.connections()).toBe(0);

  const online = open(false);
  online.start();
  const page = { webhookId: id, limit: 1, before: undefined };
  await expect.poll(() => online.book.deliveries(accountId, page)[0]?.state).toBe('delivered');
  expect(receiver.connections()).toBe(1);
});
