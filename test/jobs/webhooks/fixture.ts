import { onTestFinished } from 'vitest';
import type { JobChange } from '../../../src/jobs/job-observer.ts';
import { WebhookBook } from '../../../src/jobs/webhooks/webhook-book.ts';
import { WebhookOutbox } from '../../../src/jobs/webhooks/webhook-outbox.ts';
import { type PostWebhook, WebhookSender } from '../../../src/jobs/webhooks/webhook-sender.ts';
import type { Log } from '../../../src/observability/log.ts';
import { WebhookAttemptsTable } from '../../../src/store/webhook-attempts-table.ts';
import { WebhookDeliveriesTable } from '../../../src/store/webhook-deliveries-table.ts';
import { WebhooksTable } from '../../../src/store/webhooks-table.ts';
import { MARCH, testBooks } from '../../accounts/fixture.ts';

export const URL_A = 'https://hooks.example/a';
export const JOB_ID = `bg_${'a'.repeat(26)}`;

/** The tables and their users around a clock and a network of the test's own. */
export function webhooksFixture(post: PostWebhook, { isOffline = false } = {}) {
  const books = testBooks();
  const { database, clock } = books;
  const webhooks = new WebhooksTable(database);
  const deliveries = new WebhookDeliveriesTable(database);
  const attempts = new WebhookAttemptsTable(database);
  const logged: string[] = [];
  const note = (event: string) => void logged.push(event);
  const log: Log = { debug: note, info: note, warn: note, error: note };
  const now = () => clock.nowMs;
  /** A sender as a start makes it; two of them are two starts over the same rows. */
  const newSender = (timeoutMs = 5_000) => {
    const made = new WebhookSender({
      ...{ database, webhooks, deliveries, attempts, post, log, now, wallNow: now, timeoutMs },
      random: () => 0.5,
    });
    onTestFinished(() => made.stop());
    return made;
  };
  let woken = 0;
  const wake = () => {
    woken += 1;
  };
  const outbox = new WebhookOutbox({ webhooks, deliveries, wake });
  const book = new WebhookBook({
    ...{ database, webhooks, deliveries, attempts, outbox, wake, now, isOffline },
    checkUrl: (text) => text,
  });
  const newAccount = () => books.accounts.create({ plan: 'pro', credits: 100 }, MARCH).id;
  const accountId = newAccount();
  const change = (patch: Partial<JobChange> = {}): JobChange => ({
    jobId: JOB_ID,
    accountId,
    operation: 'remove-background',
    state: 'settled',
    isAsync: true,
    batchId: null,
    errorCode: null,
    atMs: clock.nowMs,
    ...patch,
  });
  return {
    ...{ books, database, clock, webhooks, deliveries, attempts, outbox, book, logged },
    ...{ newSender, newAccount, accountId, change },
    woken: () => woken,
    /** What was written for a webhook, oldest first. */
    written: (webhookId: string) =>
      [...deliveries.list({ webhookId, limit: 100, before: undefined })].reverse(),
  };
}
