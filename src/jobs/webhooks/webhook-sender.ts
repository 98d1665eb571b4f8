/**
 * Sends deliveries that are due. Rows are the queue, so a stop or a crash loses nothing: an attempt
 * that was cut off is not counted and is made again with the same `webhook-id` (at least once). A slow
 * or failing receiver holds its own slots only, and an account no more than its share.
 */
import { errorFields, type Log } from '../../observability/log.ts';
import type { Database } from '../../store/database.ts';
import type { WebhookAttemptsTable } from '../../store/webhook-attempts-table.ts';
import type { DeliveryRow, WebhookDeliveriesTable } from '../../store/webhook-deliveries-table.ts';
import type { WebhookRow, WebhooksTable } from '../../store/webhooks-table.ts';
import { withSignals } from '../with-signals.ts';
import { retryDelayMs } from './retry-schedule.ts';
import { signatureHeaders } from './webhook-signature.ts';

/** A POST and what stops it; gives the status of the answer. */
export type PostWebhook = (
  post: {
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  },
  signal: AbortSignal,
) => Promise<number>;

/** What the sender is made of. */
export interface WebhookSenderParts {
  readonly database: Database;
  readonly webhooks: WebhooksTable;
  readonly deliveries: WebhookDeliveriesTable;
  readonly attempts: WebhookAttemptsTable;
  readonly post: PostWebhook;
  readonly log: Log;
  /** Milliseconds UTC, of the clock that deliveries are written by. */
  readonly now: () => number;
  /** Milliseconds UTC for signatures: receivers compare it with their own clock. */
  readonly wallNow: () => number;
  /** 0 to 1. */
  readonly random: () => number;
  /** Milliseconds an attempt may take. */
  readonly timeoutMs?: number;
}

/** How an attempt ended. */
interface Answer {
  readonly status: number | null;
  readonly error: string | null;
}

const TIMEOUT_MS = 10_000;
const MAX_SENDING = 32;
const MAX_SENDING_PER_ACCOUNT = 8;
const MAX_SENDING_PER_WEBHOOK = 4;
/** Longest sleep: another process may have written a delivery, or the clock have been set. */
const MAX_SLEEP_MS = 30_000;
/** Pause after the database refused a write, so that no receiver is asked again and again. */
const STORE_PAUSE_MS = 30_000;
const STOP_MS = 2_000;
/** A receiver answers it when it wants no more; Standard Webhooks has the sender disable it then. */
const GONE = 410;

/** One cause for every failure of the network: nobody can map a network through this server. */
const UNREACHABLE = 'The address did not answer in time, or is not allowed.';

function answerOf(status: number): Answer {
  if (status >= 200 && status < 300) return { status, error: null };
  const isRedirect = status >= 300 && status < 400;
  return {
    status,
    error: isRedirect
      ? `Answered ${status}; redirects are not followed.`
      : `Answered ${status}; expected 2xx.`,
  };
}

/** Sends deliveries. */
export class WebhookSender {
  readonly #parts: WebhookSenderParts;
  /** Deliveries on their way, to the webhook and account they belong to. */
  readonly #sending = new Map<string, WebhookRow>();
  readonly #ended = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #isWoken = false;
  #isStopping = false;
  #pausedUntilMs = 0;
  /** Webhook that was served last; the next turn begins after it. */
  #lastId = '';

  constructor(parts: WebhookSenderParts) {
    this.#parts = parts;
  }

  /** Look for something to send once the present transaction has ended. */
  readonly wake = (): void => {
    if (this.#isWoken || this.#isStopping) return;
    this.#isWoken = true;
    setImmediate(() => {
      this.#isWoken = false;
      this.#turn();
    });
  };

  /** Send no more; attempts on their way get a moment to end and are otherwise made again later. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#timer);
    const timer = setTimeout(() => this.#stop.abort(), STOP_MS);
    await Promise.all(this.#ended);
    clearTimeout(timer);
  }

  #turn(): void {
    if (this.#isStopping) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#turn(), this.#sendDue());
    this.#timer.unref();
  }

  /** @returns Milliseconds until there is more to do. */
  #sendDue(): number {
    const { log, now, webhooks } = this.#parts;
    if (performance.now() < this.#pausedUntilMs) return STORE_PAUSE_MS;
    try {
      this.#fillSlots(now());
      const next = webhooks.nextDueAfter(now()) ?? Number.POSITIVE_INFINITY;
      return Math.min(MAX_SLEEP_MS, Math.max(1, next - now()));
    } catch (error) {
      this.#pause();
      log.error('webhooks-not-read', errorFields(error));
      return STORE_PAUSE_MS;
    }
  }

  #pause(): void {
    this.#pausedUntilMs = performance.now() + STORE_PAUSE_MS;
  }

  /** One delivery a webhook and round, until the slots or the deliveries are used up. */
  #fillSlots(nowMs: number): void {
    const due = this.#parts.webhooks.listWithDue(nowMs);
    const start = due.findIndex(({ id }) => id > this.#lastId);
    let round = start <= 0 ? due : [...due.slice(start), ...due.slice(0, start)];
    while (round.length > 0 && this.#sending.size < MAX_SENDING) {
      round = round.filter((webhook) => this.#sendNext(webhook, nowMs));
    }
  }

  /** @returns Whether a delivery of the webhook went on its way. */
  #sendNext(webhook: WebhookRow, nowMs: number): boolean {
    const sending = [...this.#sending.values()];
    const ofWebhook = sending.filter(({ id }) => id === webhook.id).length;
    const ofAccount = sending.filter(({ accountId }) => accountId === webhook.accountId).length;
    if (sending.length >= MAX_SENDING || ofWebhook >= MAX_SENDING_PER_WEBHOOK) return false;
    if (ofAccount >= MAX_SENDING_PER_ACCOUNT) return false;
    const delivery = this.#parts.deliveries
      .listDue(webhook.id, nowMs, ofWebhook + 1)
      .find(({ id }) => !this.#sending.has(id));
    if (delivery === undefined) return false;
    this.#lastId = webhook.id;
    this.#sending.set(delivery.id, webhook);
    const ended = this.#attempt(webhook, delivery).finally(() => {
      this.#sending.delete(delivery.id);
      this.#ended.delete(ended);
      this.wake();
    });
    this.#ended.add(ended);
    return true;
  }

  async #attempt(webhook: WebhookRow, delivery: DeliveryRow): Promise<void> {
    const { log, now } = this.#parts;
    const startedAt = now();
    const answer = await this.#post(webhook, delivery);
    if (answer === undefined) return;
    try {
      this.#record(webhook, delivery, answer, startedAt);
    } catch (error) {
      this.#pause();
      log.error('webhook-attempt-not-stored', { deliveryId: delivery.id, ...errorFields(error) });
    }
  }

  /** @returns undefined when the server stopped before the attempt ended. */
  async #post(webhook: WebhookRow, delivery: DeliveryRow): Promise<Answer | undefined> {
    const { post, log, wallNow, timeoutMs = TIMEOUT_MS } = this.#parts;
    const sources = [this.#stop.signal, AbortSignal.timeout(timeoutMs)];
    try {
      const headers = signatureHeaders(webhook, delivery, wallNow());
      const message = { url: webhook.url, headers, body: delivery.payload };
      return answerOf(await withSignals(sources, (signal) => post(message, signal)));
    } catch (error) {
      if (this.#stop.signal.aborted) return undefined;
      log.info('webhook-unreachable', {
        deliveryId: delivery.id,
        webhookId: webhook.id,
        ...errorFields(error),
      });
      return { status: null, error: UNREACHABLE };
    }
  }

  #record(
    webhook: WebhookRow,
    delivery: DeliveryRow,
    { status, error }: Answer,
    startedAt: number,
  ): void {
    const { database, webhooks, deliveries, attempts, now, random, log } = this.#parts;
    const delayMs = error === null ? undefined : retryDelayMs(delivery.tries + 1, random());
    const failed = delayMs === undefined ? 'failed' : 'pending';
    const state = error === null ? 'delivered' : failed;
    database.transaction(() => {
      const number = deliveries.finishAttempt(delivery.id, {
        state,
        nextAttemptAt: delayMs === undefined ? null : now() + delayMs,
        lastStatus: status,
        lastError: error,
        updatedAt: now(),
      });
      if (number === undefined) return; // the webhook was deleted meanwhile
      attempts.insert({ deliveryId: delivery.id, number, status, error, startedAt });
      if (status === GONE && webhooks.disableGone(webhook.id, webhook.url, now())) {
        log.warn('webhook-gone', { webhookId: webhook.id });
      }
    });
    log.info('webhook-attempt', { deliveryId: delivery.id, state, status });
  }
}
