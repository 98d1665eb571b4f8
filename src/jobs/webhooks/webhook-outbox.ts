/**
 * Writes deliveries in the transaction of what they tell: an event is there exactly when it happened.
 * Sending is the sender's business; it is woken once the transaction has ended.
 */
import { randomId } from '../../store/random-id.ts';
import type { WebhookDeliveriesTable } from '../../store/webhook-deliveries-table.ts';
import type { WebhooksTable } from '../../store/webhooks-table.ts';
import type { JobObserver } from '../job-observer.ts';
import {
  type BatchEnd,
  batchPayload,
  jobEndOf,
  jobPayload,
  testPayload,
  type WebhookEvent,
} from './webhook-event.ts';

/** What the outbox is made of. */
export interface WebhookOutboxParts {
  readonly webhooks: WebhooksTable;
  readonly deliveries: WebhookDeliveriesTable;
  /** Told that there is something to send, perhaps before the transaction has ended. */
  readonly wake: () => void;
}

/** What is told, and when it happened. */
interface Told {
  readonly event: WebhookEvent;
  readonly payload: string;
  readonly atMs: number;
}

/** Turns what happens into deliveries. */
export class WebhookOutbox {
  readonly #parts: WebhookOutboxParts;

  constructor(parts: WebhookOutboxParts) {
    this.#parts = parts;
  }

  /** Tells the account's webhooks of the end of a job that nobody waits for on the line. */
  readonly observe: JobObserver = (change) => {
    const end = jobEndOf(change);
    if (end === undefined || !change.isAsync) return;
    this.#tell(change.accountId, {
      event: `job.${end}`,
      payload: jobPayload(change, end),
      atMs: change.atMs,
    });
  };

  /** Tell of the end of a batch; called in the transaction that ends the last of its jobs. */
  batchCompleted(batch: BatchEnd): void {
    this.#tell(batch.accountId, {
      event: 'batch.completed',
      payload: batchPayload(batch),
      atMs: batch.atMs,
    });
  }

  /** Write a `webhook.test` for one webhook, whatever its filter. @returns Id of the delivery. */
  test(webhookId: string, atMs: number): string {
    return this.#put(webhookId, {
      event: 'webhook.test',
      payload: testPayload(webhookId, atMs),
      atMs,
    });
  }

  #tell(accountId: string, told: Told): void {
    for (const webhook of this.#parts.webhooks.byAccount(accountId)) {
      const isWanted = webhook.events.split(' ').includes(told.event);
      if (webhook.disabledAt === null && isWanted) this.#put(webhook.id, told);
    }
  }

  #put(webhookId: string, { event, payload, atMs }: Told): string {
    const id = randomId('msg');
    this.#parts.deliveries.insert({ id, webhookId, event, payload, createdAt: atMs });
    this.#parts.wake();
    return id;
  }
}
