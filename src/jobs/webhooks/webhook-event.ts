/**
 * What webhooks tell. An event says which job it is about and how it ended; the receiver asks for the
 * rest with its own key, so that an event that goes astray gives nothing away.
 */
import type { Operation } from '../job.ts';
import type { JobChange } from '../job-observer.ts';

/** Events that a webhook can ask for. */
export const WEBHOOK_EVENTS = [
  'job.completed',
  'job.failed',
  'job.cancelled',
  'batch.completed',
] as const;
/** One of them, or the one that is sent on request only. */
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number] | 'webhook.test';

/** A batch whose last item has come to its end. */
export interface BatchEnd {
  readonly batchId: string;
  readonly accountId: string;
  readonly operation: Operation;
  /** How many items ended how. */
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly atMs: number;
}

type JobEnd = 'completed' | 'failed' | 'cancelled';

/** How a job ended; undefined while it has not. */
export function jobEndOf({ state, errorCode }: JobChange): JobEnd | undefined {
  switch (state) {
    case 'settled':
      return 'completed';
    case 'voided':
      return errorCode === 'cancelled' ? 'cancelled' : 'failed';
    case 'reserved':
    case 'queued':
    case 'running':
    case 'published':
      return undefined;
    default:
      return state satisfies never;
  }
}

const eventText = (type: WebhookEvent, atMs: number, data: object): string =>
  JSON.stringify({ type, timestamp: `${new Date(atMs).toISOString().slice(0, 19)}Z`, data });

/** Body of `job.completed`, `job.failed` and `job.cancelled`. */
export const jobPayload = (change: JobChange, end: JobEnd): string =>
  eventText(`job.${end}`, change.atMs, {
    id: change.jobId,
    operation: change.operation,
    state: end,
    error_code: end === 'failed' ? change.errorCode : null,
    batch_id: change.batchId,
  });

/** Body of `batch.completed`. */
export const batchPayload = (batch: BatchEnd): string =>
  eventText('batch.completed', batch.atMs, {
    id: batch.batchId,
    operation: batch.operation,
    completed: batch.completed,
    failed: batch.failed,
    cancelled: batch.cancelled,
  });

/** Body of `webhook.test`. */
export const testPayload = (webhookId: string, atMs: number): string =>
  eventText('webhook.test', atMs, { id: webhookId });
