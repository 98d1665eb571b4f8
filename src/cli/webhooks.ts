/** Wires webhooks: tables, outbox, sender, and what their owners read and change. */
import type { Config } from '../config.ts';
import { WebhookTarget } from '../fetching/webhook-target.ts';
import { batchEndObserver } from '../jobs/batch-end.ts';
import type { JobObserver } from '../jobs/job-observer.ts';
import { WebhookBook } from '../jobs/webhooks/webhook-book.ts';
import { WebhookOutbox } from '../jobs/webhooks/webhook-outbox.ts';
import { WebhookSender } from '../jobs/webhooks/webhook-sender.ts';
import type { Log } from '../observability/log.ts';
import type { Database } from '../store/database.ts';
import type { JobsTable } from '../store/jobs-table.ts';
import { WebhookAttemptsTable } from '../store/webhook-attempts-table.ts';
import { WebhookDeliveriesTable } from '../store/webhook-deliveries-table.ts';
import { WebhooksTable } from '../store/webhooks-table.ts';
import { steadyNow } from './clock.ts';
import { fetchPolicyOf } from './sources.ts';

/** Webhooks of a server. */
export interface Webhooks {
  readonly book: WebhookBook;
  /** Write deliveries in the transactions of jobs. */
  readonly observers: readonly JobObserver[];
  /** Send what the last stop left, and from now on what comes. */
  start(): void;
  stop(): Promise<void>;
}

/** What webhooks are built from. */
export interface WebhooksParts {
  readonly config: Config;
  readonly database: Database;
  readonly jobs: JobsTable;
  readonly log: Log;
}

/** Open the tables; nothing is sent before `start`, and nothing at all offline. */
export function openWebhooks({ config, database, jobs, log }: WebhooksParts): Webhooks {
  const webhooks = new WebhooksTable(database);
  const deliveries = new WebhookDeliveriesTable(database);
  const attempts = new WebhookAttemptsTable(database);
  const target = new WebhookTarget({ policy: fetchPolicyOf(config) });
  const sender = new WebhookSender({
    ...{ database, webhooks, deliveries, attempts, log },
    post: (post, signal) => target.post(post, signal),
    now: steadyNow,
    wallNow: Date.now,
    random: Math.random,
  });
  const isOffline = config.offline;
  let isStarted = false;
  const wake = () => {
    if (isStarted) sender.wake();
  };
  const outbox = new WebhookOutbox({ webhooks, deliveries, wake });
  const book = new WebhookBook({
    ...{ database, webhooks, deliveries, attempts, outbox, wake, isOffline },
    checkUrl: (text) => target.check(text),
    now: steadyNow,
  });
  return {
    book,
    observers: [
      outbox.observe,
      batchEndObserver(jobs, (batchId, counts, { accountId, operation, atMs }) =>
        outbox.batchCompleted({ batchId, accountId, operation, ...counts, atMs }),
      ),
    ],
    start: () => {
      isStarted = !isOffline;
      if (isOffline) log.info('webhooks-offline', { sent: 'nothing' });
      wake();
    },
    stop: () => sender.stop(),
  };
}
