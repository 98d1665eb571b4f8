/** Retries, restarts and fairness of the sender, against receivers on loopback or of the test's own. */
import type { IncomingHttpHeaders } from 'node:http';
import { Webhook } from 'standardwebhooks';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createFetchPolicy } from '../../../src/fetching/fetch-policy.ts';
import { WebhookTarget } from '../../../src/fetching/webhook-target.ts';
import { RETRY_DELAYS_MS } from '../../../src/jobs/webhooks/retry-schedule.ts';
import type { PostWebhook } from '../../../src/jobs/webhooks/webhook-sender.ts';
import { serveHttp } from '../../fetching/loopback.ts';
import { URL_A, webhooksFixture } from './fixture.ts';

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

afterEach(() => vi.useRealTimers());

/** A receiver that answers with these statuses in turn, the last one for ever. */
async function receiver(...statuses: readonly number[]) {
  const received: Received[] = [];
  const server = await serveHttp((req, res) => {
    const parts: Buffer[] = [];
    req.on('data', (part: Buffer) => parts.push(part));
    req.on('end', () => {
      received.push({ headers: req.headers, body: Buffer.concat(parts).toString() });
      res.writeHead(statuses[received.length - 1] ?? statuses.at(-1) ?? 200, { location: '/' });
      res.end('x'.repeat(100_000));
    });
  });
  onTestFinished(() => server.close());
  const policy = createFetchPolicy({ allow: [server.host], only: [], own: [] });
  const target = new WebhookTarget({ policy });
  const post: PostWebhook = (what, signal) => target.post(what, signal);
  return { received, url: server.url('/hook'), post };
}

/** One webhook with one delivery due. */
function oneDelivery(post: PostWebhook, url = URL_A) {
  const fixture = webhooksFixture(post);
  const webhook = fixture.book.create(fixture.accountId, url);
  fixture.outbox.observe(fixture.change());
  const read = () => {
    const [delivery] = fixture.book.deliveries(fixture.accountId, {
      ...{ webhookId: webhook.id, limit: 1, before: undefined },
    });
    if (delivery === undefined) throw new Error('no delivery');
    return delivery;
  };
  const afterAttempt = (count: number) => expect.poll(() => read().attempts).toBe(count);
  return { ...fixture, webhook, read, afterAttempt };
}

describe('a receiver that fails', () => {
  test('five times gets the event on the sixth, with the same id and a valid signature', async () => {
    const { received, url, post } = await receiver(500, 503, 404, 302, 500, 204);
    const { clock, webhook, read, afterAttempt, newSender } = oneDelivery(post, url);
    const sender = newSender();
    for (let attempt = 1; attempt <= 6; attempt += 1) {
      sender.wake();
      await afterAttempt(attempt);
      const { headers, body } = received[attempt - 1] ?? { headers: {}, body: '' };
      vi.useFakeTimers({ toFake: ['Date'], now: clock.nowMs });
      const told = new Webhook(webhook.secret).verify(body, headers as Record<string, string>);
      vi.useRealTimers();
      expect(told).toMatchObject({ type: 'job.completed', data: { state: 'completed' } });
      expect(headers['webhook-id']).toBe(read().id);
      if (attempt === 6) break;
      expect(read().nextAttemptAt).toBe(clock.nowMs + (RETRY_DELAYS_MS[attempt - 1] ?? 0));
      clock.nowMs = read().nextAttemptAt ?? 0;
    }
    expect(received).toHaveLength(6);
    expect(read()).toMatchObject({ state: 'delivered', attempts: 6, lastStatus: 204 });
    expect(read().log.map(({ number, status }) => [number, status])).toEqual([
      [6, 204],
      [5, 500],
      [4, 302],
      [3, 404],
      [2, 503],
      [1, 500],
    ]);
  });

  test('is not asked before its time', async () => {
    const { received, url, post } = await receiver(500);
    const { clock, read, afterAttempt, newSender } = oneDelivery(post, url);
    const sender = newSender();
    sender.wake();
    await afterAttempt(1);
    clock.nowMs = (read().nextAttemptAt ?? 0) - 1;
    sender.wake();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(received).toHaveLength(1);
  });

  test('to the end is given up after the last try, and can be asked for again', async () => {
    const post = vi.fn(() => Promise.resolve(500));
    const { clock, read, afterAttempt, newSender, book, accountId, webhook } = oneDelivery(post);
    const startMs = clock.nowMs;
    const sender = newSender();
    for (let attempt = 1; attempt <= RETRY_DELAYS_MS.length + 1; attempt += 1) {
      sender.wake();
      await afterAttempt(attempt);
      clock.nowMs = read().nextAttemptAt ?? clock.nowMs;
    }
    expect(read()).toMatchObject({ state: 'failed', nextAttemptAt: null, lastStatus: 500 });
    expect(clock.nowMs - startMs).toBeLessThanOrEqual(24 * 3_600_000);
    const { id } = read();
    post.mockResolvedValueOnce(200);
    expect(book.resend(accountId, webhook.id, id).state).toBe('pending');
    sender.wake();
    await expect.poll(() => read().state).toBe('delivered');
    expect(read()).toMatchObject({ id, attempts: RETRY_DELAYS_MS.length + 2, tries: 1 });
  });

  test('is told apart only by status: every cause of the network reads the same', async () => {
    const causes = [new Error('ECONNREFUSED'), new Error('An address that is not allowed.')];
    const errors = new Set<string | null>();
    for (const cause of causes) {
      const { read, afterAttempt, newSender } = oneDelivery(() => Promise.reject(cause));
      newSender().wake();
      await afterAttempt(1);
      expect(read().lastStatus).toBeNull();
      errors.add(read().lastError);
    }
    expect(errors.size).toBe(1);
  });

  test('to answer in time is tried again', async () => {
    const post: PostWebhook = (_what, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
    const { read, afterAttempt, newSender } = oneDelivery(post);
    newSender(50).wake();
    await afterAttempt(1);
    expect(read()).toMatchObject({ state: 'pending', lastStatus: null });
  });

  test('does not delay another, nor one of another account', async () => {
    const reached: string[] = [];
    const post: PostWebhook = ({ url }, signal) => {
      if (url !== URL_A) {
        reached.push(url);
        return Promise.resolve(200);
      }
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
    };
    const { book, outbox, accountId, newAccount, change, newSender } = webhooksFixture(post);
    book.create(accountId, URL_A);
    book.create(accountId, 'https://hooks.example/b');
    const second = newAccount();
    book.create(second, 'https://hooks.example/c');
    for (let i = 0; i < 100; i += 1) outbox.observe(change());
    outbox.observe(change({ accountId: second }));
    newSender(60_000).wake();
    await expect.poll(() => reached.length).toBe(101);
  });
});

test('at most four deliveries are on their way to one webhook', async () => {
  let open = 0;
  let most = 0;
  const post: PostWebhook = async () => {
    open += 1;
    most = Math.max(most, open);
    await new Promise((resolve) => setTimeout(resolve, 5));
    open -= 1;
    return 200;
  };
  const { outbox, change, webhook, written, newSender } = oneDelivery(post);
  for (let i = 0; i < 19; i += 1) outbox.observe(change());
  newSender().wake();
  await expect
    .poll(() => written(webhook.id).filter(({ state }) => state === 'delivered').length)
    .toBe(20);
  expect(most).toBe(4);
});

describe('a receiver that answers 410', () => {
  test('disables its webhook, which says why; enabled again it gets what was waiting', async () => {
    const { received, url, post } = await receiver(410, 200);
    const { book, clock, accountId, webhook, outbox, change, written, newSender, ...one } =
      oneDelivery(post, url);
    const sender = newSender();
    sender.wake();
    await one.afterAttempt(1);
    const view = () => book.get(accountId, webhook.id);
    expect(view()).toMatchObject({ isEnabled: false, disabledReason: 'gone' });
    expect(one.logged).toContain('webhook-gone');
    expect(() => book.test(accountId, webhook.id)).toThrow('disabled');
    outbox.observe(change()); // what happens now is not told
    clock.nowMs += 24 * 3_600_000;
    sender.wake();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(received).toHaveLength(1);
    expect(one.read()).toMatchObject({ state: 'pending', lastStatus: 410 });
    expect(book.change(accountId, webhook.id, { isEnabled: true })).toMatchObject({
      ...{ isEnabled: true, disabledReason: null },
    });
    sender.wake();
    await expect.poll(() => one.read().state).toBe('delivered');
    expect(written(webhook.id)).toHaveLength(1);
  });

  test('too late to matter: the webhook has another address by then', async () => {
    let answer: (status: number) => void = () => undefined;
    const post: PostWebhook = () => new Promise((resolve) => (answer = resolve));
    const { book, accountId, webhook, newSender, afterAttempt } = oneDelivery(post);
    newSender().wake();
    await new Promise((resolve) => setTimeout(resolve, 20));
    book.change(accountId, webhook.id, { url: 'https://hooks.example/new' });
    answer(410);
    await afterAttempt(1);
    expect(book.get(accountId, webhook.id)).toMatchObject({ isEnabled: true });
  });

  test('does not change the reason of an owner who disabled it meanwhile', async () => {
    let answer: (status: number) => void = () => undefined;
    const post: PostWebhook = () => new Promise((resolve) => (answer = resolve));
    const { book, accountId, webhook, newSender, afterAttempt } = oneDelivery(post);
    newSender().wake();
    await new Promise((resolve) => setTimeout(resolve, 20));
    book.change(accountId, webhook.id, { isEnabled: false });
    answer(410);
    await afterAttempt(1);
    expect(book.get(accountId, webhook.id)).toMatchObject({ disabledReason: 'owner' });
  });
});

describe('a stop', () => {
  test('in the middle of an attempt loses nothing: the next start sends it with the same id', async () => {
    const ids: (string | undefined)[] = [];
    let isFirst = true;
    const post: PostWebhook = ({ headers }, signal) => {
      ids.push(headers['webhook-id']);
      if (!isFirst) return Promise.resolve(200);
      isFirst = false;
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
    };
    const { read, newSender } = oneDelivery(post);
    const before = newSender(60_000);
    before.wake();
    await expect.poll(() => ids.length).toBe(1);
    await before.stop();
    expect(read()).toMatchObject({ state: 'pending', attempts: 0 });
    newSender().wake();
    await expect.poll(() => read().state).toBe('delivered');
    expect(ids).toEqual([read().id, read().id]);
  });

  test('sends nothing more', async () => {
    const post = vi.fn(() => Promise.resolve(200));
    const { newSender } = oneDelivery(post);
    const sender = newSender();
    await sender.stop();
    sender.wake();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(post).not.toHaveBeenCalled();
  });
});

test('a webhook that is disabled gets nothing until it is enabled', async () => {
  const post = vi.fn(() => Promise.resolve(200));
  const { book, accountId, webhook, read, newSender } = oneDelivery(post);
  book.change(accountId, webhook.id, { isEnabled: false });
  const sender = newSender();
  sender.wake();
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(post).not.toHaveBeenCalled();
  book.change(accountId, webhook.id, { isEnabled: true });
  sender.wake();
  await expect.poll(() => read().state).toBe('delivered');
});

test('a webhook that is removed during an attempt leaves nothing behind', async () => {
  let answer: (status: number) => void = () => undefined;
  const post: PostWebhook = () => new Promise((resolve) => (answer = resolve));
  const { book, accountId, webhook, database, logged, newSender } = oneDelivery(post);
  newSender().wake();
  await expect.poll(() => database.prepare('SELECT 1 FROM webhooks').all().length).toBe(1);
  await new Promise((resolve) => setTimeout(resolve, 20));
  book.remove(accountId, webhook.id);
  answer(500);
  await expect.poll(() => logged).toContain('webhook-attempt');
  for (const table of ['webhooks', 'webhook_deliveries', 'webhook_attempts']) {
    expect(database.prepare(`SELECT * FROM ${table}`).all(), table).toEqual([]);
  }
});

test('a database that takes no writes does not make the sender ask again and again', async () => {
  const post = vi.fn(() => Promise.resolve(200));
  const { database, logged, newSender } = oneDelivery(post);
  database
    .prepare(
      "CREATE TRIGGER full BEFORE INSERT ON webhook_attempts BEGIN SELECT RAISE(ABORT, 'full'); END",
    )
    .run();
  newSender().wake();
  await expect.poll(() => logged).toContain('webhook-attempt-not-stored');
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(post).toHaveBeenCalledTimes(1);
});

test('deliveries are forgotten after 30 days', () => {
  const { book, clock, webhook, written } = oneDelivery(() => Promise.resolve(200));
  clock.nowMs += 30 * 24 * 3_600_000;
  expect(book.sweep()).toBe(0);
  clock.nowMs += 1;
  expect(book.sweep()).toBe(1);
  expect(written(webhook.id)).toEqual([]);
});
