/** Table `webhook_deliveries`: the outbox, one row an event and webhook. */
import type { Database, Statement } from './database.ts';

/** Where a delivery stands. */
export type DeliveryState = 'pending' | 'delivered' | 'failed';

/** A delivery as it begins: due at once. */
export interface NewDelivery {
  /** The header `webhook-id`. */
  readonly id: string;
  readonly webhookId: string;
  readonly event: string;
  /** The body, exactly as it is signed and sent. */
  readonly payload: string;
  readonly createdAt: number;
}

/** What an attempt leads to. */
export interface DeliveryOutcome {
  readonly state: DeliveryState;
  /** Null unless it is pending. */
  readonly nextAttemptAt: number | null;
  readonly lastStatus: number | null;
  readonly lastError: string | null;
  readonly updatedAt: number;
}

/** A delivery as it is read. */
export interface DeliveryRow extends NewDelivery, DeliveryOutcome {
  readonly attempts: number;
  /** Attempts since it was written or asked for again. */
  readonly tries: number;
}

/** A page of a webhook's deliveries, newest first. */
export interface DeliveriesPage {
  readonly webhookId: string;
  readonly limit: number;
  /** The last one of the page before. */
  readonly before: { readonly createdAt: number; readonly id: string } | undefined;
}

const COLUMNS = `id, webhook_id AS webhookId, event, payload, state, attempts, tries,
  next_attempt_at AS nextAttemptAt, last_status AS lastStatus, last_error AS lastError,
  created_at AS createdAt, updated_at AS updatedAt`;

/** Reads and writes deliveries. */
export class WebhookDeliveriesTable {
  readonly #insert: Statement<never>;
  readonly #get: Statement<DeliveryRow>;
  readonly #due: Statement<DeliveryRow>;
  readonly #page: Statement<DeliveryRow>;
  readonly #finishAttempt: Statement<{ attempts: number }>;
  readonly #restart: Statement<never>;
  readonly #removeOld: Statement<never>;

  constructor(database: Database) {
    this.#insert = database.prepare(`INSERT INTO webhook_deliveries (id, webhook_id, event, payload,
      state, next_attempt_at, created_at, updated_at) VALUES (@id, @webhookId, @event, @payload,
      'pending', @createdAt, @createdAt, @createdAt)`);
    this.#get = database.prepare(`SELECT ${COLUMNS} FROM webhook_deliveries WHERE id = ?`);
    this.#due = database.prepare(`SELECT ${COLUMNS} FROM webhook_deliveries
      WHERE webhook_id = ? AND state = 'pending' AND next_attempt_at <= ?
      ORDER BY next_attempt_at, id LIMIT ?`);
    this.#page = database.prepare(`SELECT ${COLUMNS} FROM webhook_deliveries
      WHERE webhook_id = @webhookId AND (created_at, id) < (@createdAt, @id)
      ORDER BY created_at DESC, id DESC LIMIT @limit`);
    this.#finishAttempt = database.prepare(`UPDATE webhook_deliveries SET state = @state,
      attempts = attempts + 1, tries = tries + 1, next_attempt_at = @nextAttemptAt,
      last_status = @lastStatus, last_error = @lastError, updated_at = @updatedAt
      WHERE id = @id RETURNING attempts`);
    this.#restart = database.prepare(`UPDATE webhook_deliveries SET state = 'pending', tries = 0,
      next_attempt_at = @at, updated_at = @at WHERE id = @id`);
    this.#removeOld = database.prepare('DELETE FROM webhook_deliveries WHERE created_at < ?');
  }

  insert(delivery: NewDelivery): void {
    this.#insert.run(delivery);
  }

  get(id: string): DeliveryRow | undefined {
    return this.#get.get(id);
  }

  /** Deliveries of a webhook that are to be sent at a time, longest due first. */
  listDue(webhookId: string, now: number, limit: number): readonly DeliveryRow[] {
    return this.#due.all(webhookId, now, limit);
  }

  /** A page of a webhook's deliveries. */
  list({ webhookId, limit, before }: DeliveriesPage): readonly DeliveryRow[] {
    const { createdAt, id } = before ?? { createdAt: Number.MAX_SAFE_INTEGER, id: '' };
    return this.#page.all({ webhookId, limit, createdAt, id });
  }

  /**
   * Count an attempt and write what it led to.
   * @returns Attempts in all; undefined when the delivery was removed meanwhile.
   */
  finishAttempt(id: string, outcome: DeliveryOutcome): number | undefined {
    return this.#finishAttempt.get({ id, ...outcome })?.attempts;
  }

  /** Make a delivery due, with the whole schedule before it. */
  restart(id: string, at: number): void {
    this.#restart.run({ id, at });
  }

  /** Remove deliveries written before a time, with their attempts. @returns How many. */
  removeOlderThan(time: number): number {
    return this.#removeOld.run(time).changes;
  }
}
