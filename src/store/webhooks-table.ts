/** Table `webhooks`. */
import type { Database, Statement } from './database.ts';

/** Why a webhook is disabled: its owner wished it, or its receiver said that it is gone. */
export type DisabledReason = 'owner' | 'gone';

/** What an account may change of a webhook. */
export interface WebhookSettings {
  readonly url: string;
  /** Separated by spaces. */
  readonly events: string;
  readonly disabledAt: number | null;
  /** Null unless it is disabled. */
  readonly disabledReason: DisabledReason | null;
}

/** What signs. */
export interface WebhookSecrets {
  readonly secret: string;
  readonly previousSecret: string | null;
  /** Until when the previous secret signs too. */
  readonly previousUntil: number | null;
}

/** One webhook. */
export interface WebhookRow extends WebhookSettings, WebhookSecrets {
  readonly id: string;
  readonly accountId: string;
  readonly createdAt: number;
}

const COLUMNS = `id, account_id AS accountId, url, secret, previous_secret AS previousSecret,
  previous_until AS previousUntil, events, disabled_at AS disabledAt,
  disabled_reason AS disabledReason, created_at AS createdAt`;

/** Reads and writes webhooks. */
export class WebhooksTable {
  readonly #insert: Statement<never>;
  readonly #get: Statement<WebhookRow>;
  readonly #byAccount: Statement<WebhookRow>;
  readonly #withDue: Statement<WebhookRow>;
  readonly #nextDue: Statement<{ at: number | null }>;
  readonly #update: Statement<never>;
  readonly #disableGone: Statement<never>;
  readonly #setSecrets: Statement<never>;
  readonly #remove: Statement<never>;

  constructor(database: Database) {
    this.#insert = database.prepare(`INSERT INTO webhooks (id, account_id, url, secret,
      previous_secret, previous_until, events, disabled_at, disabled_reason, created_at)
      VALUES (@id, @accountId, @url, @secret, @previousSecret, @previousUntil, @events,
      @disabledAt, @disabledReason, @createdAt)`);
    this.#get = database.prepare(`SELECT ${COLUMNS} FROM webhooks WHERE id = ?`);
    this.#byAccount = database.prepare(
      `SELECT ${COLUMNS} FROM webhooks WHERE account_id = ? ORDER BY created_at, id`,
    );
    this.#withDue = database.prepare(`SELECT ${COLUMNS} FROM webhooks
      WHERE disabled_at IS NULL AND EXISTS (SELECT 1 FROM webhook_deliveries
        WHERE webhook_id = webhooks.id AND state = 'pending' AND next_attempt_at <= ?)
      ORDER BY id`);
    this.#nextDue = database.prepare(`SELECT MIN((SELECT MIN(next_attempt_at)
      FROM webhook_deliveries WHERE webhook_id = webhooks.id AND state = 'pending'
        AND next_attempt_at > ?)) AS at
      FROM webhooks WHERE disabled_at IS NULL`);
    this.#update = database.prepare(`UPDATE webhooks SET url = @url, events = @events,
      disabled_at = @disabledAt, disabled_reason = @disabledReason WHERE id = @id`);
    this.#disableGone = database.prepare(`UPDATE webhooks SET disabled_at = @at,
      disabled_reason = 'gone' WHERE id = @id AND url = @url AND disabled_at IS NULL`);
    this.#setSecrets = database.prepare(`UPDATE webhooks SET secret = @secret,
      previous_secret = @previousSecret, previous_until = @previousUntil WHERE id = @id`);
    this.#remove = database.prepare('DELETE FROM webhooks WHERE id = ?');
  }

  insert(row: WebhookRow): void {
    this.#insert.run(row);
  }

  get(id: string): WebhookRow | undefined {
    return this.#get.get(id);
  }

  /** Webhooks of an account, oldest first. */
  byAccount(accountId: string): readonly WebhookRow[] {
    return this.#byAccount.all(accountId);
  }

  /** Enabled webhooks that have something to be sent at a time, ordered by id. */
  listWithDue(now: number): readonly WebhookRow[] {
    return this.#withDue.all(now);
  }

  /** When, after a time, the next delivery of an enabled webhook comes due. */
  nextDueAfter(now: number): number | undefined {
    return this.#nextDue.get(now)?.at ?? undefined;
  }

  update(id: string, settings: WebhookSettings): void {
    const { url, events, disabledAt, disabledReason } = settings;
    this.#update.run({ id, url, events, disabledAt, disabledReason });
  }

  /**
   * Disable a webhook whose receiver says that it is gone.
   * @param url Address that said so; nothing happens when the webhook has another one by now.
   * @returns Whether it was enabled.
   */
  disableGone(id: string, url: string, at: number): boolean {
    return this.#disableGone.run({ id, url, at }).changes > 0;
  }

  setSecrets(id: string, secrets: WebhookSecrets): void {
    this.#setSecrets.run({ id, ...secrets });
  }

  /** Remove a webhook with all its deliveries. */
  remove(id: string): void {
    this.#remove.run(id);
  }
}
