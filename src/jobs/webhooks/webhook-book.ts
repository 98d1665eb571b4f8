/** The webhooks of accounts: made, changed and removed by their owners, who also read what was sent. */
import { forbidden, invalidRequest, notFound } from '../../errors.ts';
import type { Database } from '../../store/database.ts';
import { randomId } from '../../store/random-id.ts';
import type { AttemptRow, WebhookAttemptsTable } from '../../store/webhook-attempts-table.ts';
import type {
  DeliveriesPage,
  DeliveryRow,
  WebhookDeliveriesTable,
} from '../../store/webhook-deliveries-table.ts';
import type { DisabledReason, WebhookRow, WebhooksTable } from '../../store/webhooks-table.ts';
import { WEBHOOK_EVENTS } from './webhook-event.ts';
import type { WebhookOutbox } from './webhook-outbox.ts';
import { newWebhookSecret } from './webhook-signature.ts';

type SelectableEvent = (typeof WEBHOOK_EVENTS)[number];

/** A webhook as its account sees it. */
export interface WebhookView {
  readonly id: string;
  readonly url: string;
  readonly events: readonly SelectableEvent[];
  readonly isEnabled: boolean;
  /** Null while it is enabled. */
  readonly disabledReason: DisabledReason | null;
  readonly createdAtMs: number;
}

/** A webhook and its secret, which is told once. */
export interface WebhookWithSecret extends WebhookView {
  readonly secret: string;
}

/** A delivery with the last of its attempts, latest first. */
export interface DeliveryView extends DeliveryRow {
  readonly log: readonly AttemptRow[];
}

/** What may be changed; what is absent stays. */
export interface WebhookChange {
  readonly url?: string | undefined;
  readonly events?: readonly SelectableEvent[] | undefined;
  readonly isEnabled?: boolean | undefined;
}

/** What the book is made of. */
export interface WebhookBookParts {
  readonly database: Database;
  readonly webhooks: WebhooksTable;
  readonly deliveries: WebhookDeliveriesTable;
  readonly attempts: WebhookAttemptsTable;
  readonly outbox: Pick<WebhookOutbox, 'test'>;
  /** Gives the address to keep. @throws ApiError `invalid_request`. */
  readonly checkUrl: (text: string) => string;
  /** Told that there is something to send. */
  readonly wake: () => void;
  readonly isOffline: boolean;
  readonly now: () => number;
}

const MAX_WEBHOOKS = 10;
const MAX_LOGGED_ATTEMPTS = 20;
const HOUR_MS = 3_600_000;
/** How long the secret before the last one signs too. */
const ROTATION_MS = 24 * HOUR_MS;
const KEPT_MS = 30 * 24 * HOUR_MS;

const viewOf = (row: WebhookRow): WebhookView => ({
  id: row.id,
  url: row.url,
  events: WEBHOOK_EVENTS.filter((event) => row.events.split(' ').includes(event)),
  isEnabled: row.disabledAt === null,
  disabledReason: row.disabledReason,
  createdAtMs: row.createdAt,
});

/** Keeps the webhooks of accounts. Whatever is not the account's is `not_found`. */
export class WebhookBook {
  readonly #parts: WebhookBookParts;

  constructor(parts: WebhookBookParts) {
    this.#parts = parts;
  }

  /** @throws ApiError `invalid_request` for an address or one webhook too many, `forbidden` offline. */
  create(
    accountId: string,
    url: string,
    events: readonly SelectableEvent[] = WEBHOOK_EVENTS,
  ): WebhookWithSecret {
    const { database, webhooks, checkUrl, now } = this.#parts;
    this.#assertOnline();
    const row: WebhookRow = {
      id: randomId('wh'),
      accountId,
      url: checkUrl(url),
      secret: newWebhookSecret(),
      previousSecret: null,
      previousUntil: null,
      events: events.join(' '),
      disabledAt: null,
      disabledReason: null,
      createdAt: now(),
    };
    database.transaction(() => {
      if (webhooks.byAccount(accountId).length >= MAX_WEBHOOKS) {
        throw invalidRequest(`Expected at most ${MAX_WEBHOOKS} webhooks; remove one first.`);
      }
      webhooks.insert(row);
    });
    return { ...viewOf(row), secret: row.secret };
  }

  list(accountId: string): readonly WebhookView[] {
    return this.#parts.webhooks.byAccount(accountId).map(viewOf);
  }

  get(accountId: string, id: string): WebhookView {
    return viewOf(this.#own(accountId, id));
  }

  /** @throws ApiError `invalid_request` for an address. */
  change(accountId: string, id: string, change: WebhookChange): WebhookView {
    const { database, webhooks, checkUrl, wake, now } = this.#parts;
    const url = change.url === undefined ? undefined : checkUrl(change.url);
    database.transaction(() => {
      const row = this.#own(accountId, id);
      const isEnabled = change.isEnabled ?? row.disabledAt === null;
      webhooks.update(id, {
        url: url ?? row.url,
        events: change.events?.join(' ') ?? row.events,
        disabledAt: isEnabled ? null : (row.disabledAt ?? now()),
        disabledReason: isEnabled ? null : (row.disabledReason ?? 'owner'),
      });
    });
    wake();
    return this.get(accountId, id);
  }

  /** Remove a webhook; what was not delivered yet is dropped. */
  remove(accountId: string, id: string): void {
    this.#parts.webhooks.remove(this.#own(accountId, id).id);
  }

  /** Give a webhook a new secret; for a day events are signed with both. */
  rotateSecret(accountId: string, id: string): WebhookWithSecret {
    const { database, webhooks, now } = this.#parts;
    const secret = newWebhookSecret();
    database.transaction(() => {
      const row = this.#own(accountId, id);
      webhooks.setSecrets(id, {
        secret,
        previousSecret: row.secret,
        previousUntil: now() + ROTATION_MS,
      });
    });
    return { ...this.get(accountId, id), secret };
  }

  /** A page of what was sent, newest first. */
  deliveries(accountId: string, page: DeliveriesPage): readonly DeliveryView[] {
    this.#own(accountId, page.webhookId);
    return this.#parts.deliveries.list(page).map((row) => this.#withLog(row));
  }

  /** Send a delivery again, under its own `webhook-id`. @throws ApiError `invalid_request`, `forbidden`. */
  resend(accountId: string, id: string, deliveryId: string): DeliveryView {
    const { database, deliveries, wake, now } = this.#parts;
    this.#assertSending(this.#own(accountId, id));
    database.transaction(() => {
      if (deliveries.get(deliveryId)?.webhookId !== id) throw notFound();
      deliveries.restart(deliveryId, now());
    });
    wake();
    return this.#delivery(deliveryId);
  }

  /** Send a `webhook.test`. @throws ApiError `invalid_request`, `forbidden`. */
  test(accountId: string, id: string): DeliveryView {
    const { outbox, now } = this.#parts;
    this.#assertSending(this.#own(accountId, id));
    return this.#delivery(outbox.test(id, now()));
  }

  /** Forget deliveries older than 30 days. @returns How many. */
  sweep(): number {
    return this.#parts.deliveries.removeOlderThan(this.#parts.now() - KEPT_MS);
  }

  #own(accountId: string, id: string): WebhookRow {
    const row = this.#parts.webhooks.get(id);
    if (row === undefined || row.accountId !== accountId) throw notFound();
    return row;
  }

  #delivery(id: string): DeliveryView {
    const row = this.#parts.deliveries.get(id);
    if (row === undefined) throw notFound();
    return this.#withLog(row);
  }

  #withLog(row: DeliveryRow): DeliveryView {
    return { ...row, log: this.#parts.attempts.listLatest(row.id, MAX_LOGGED_ATTEMPTS) };
  }

  #assertSending(row: WebhookRow): void {
    this.#assertOnline();
    if (row.disabledAt !== null) throw invalidRequest('This webhook is disabled; enable it first.');
  }

  #assertOnline(): void {
    if (this.#parts.isOffline) throw forbidden('This server is offline: it sends no webhooks.');
  }
}
