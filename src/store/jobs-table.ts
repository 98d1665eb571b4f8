/** Table `jobs`. */
import type { Database, Statement } from './database.ts';

/** States as the table's own check lists them; `src/jobs/states.ts` says which follows which. */
export type JobStateName = 'reserved' | 'queued' | 'running' | 'published' | 'settled' | 'voided';

/** A job as it begins. */
export interface NewJob {
  readonly id: string;
  readonly accountId: string;
  readonly keyId: string;
  readonly operation: string;
  readonly state: JobStateName;
  readonly costCredits: number;
  readonly requestJson: string;
  readonly packId: string;
  /** 1 when nobody waits on the line for it; default 0. */
  readonly isAsync?: 0 | 1;
  readonly batchId?: string | null;
  readonly batchIndex?: number | null;
  readonly createdAt: number;
}

/** A job as it is read. */
export interface JobRow extends Required<NewJob> {
  readonly resultJson: string | null;
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  /** How often it began to run. */
  readonly starts: number;
  /** Whether a sandbox key asked for it: such a job is free and its result watermarked. */
  readonly isSandbox: 0 | 1;
  readonly updatedAt: number;
}

/** What a transition may set besides the state. */
export interface JobPatch {
  readonly resultJson?: string;
  readonly errorCode?: string;
  readonly errorMessage?: string | null;
  readonly updatedAt: number;
}

/** Which jobs of an account are listed. */
export interface JobsPage {
  readonly accountId: string;
  readonly limit: number;
  /** The last job of the page before; undefined for the first page. */
  readonly before?: { readonly createdAt: number; readonly id: string } | undefined;
}

const COLUMNS = `id, account_id AS accountId, key_id AS keyId, operation, state,
  cost_credits AS costCredits, request_json AS requestJson, pack_id AS packId,
  is_async AS isAsync, batch_id AS batchId, batch_index AS batchIndex,
  result_json AS resultJson, error_code AS errorCode, error_message AS errorMessage,
  started_at AS startedAt, finished_at AS finishedAt, starts,
  (SELECT is_sandbox FROM api_keys WHERE api_keys.id = key_id) AS isSandbox,
  created_at AS createdAt, updated_at AS updatedAt`;

/** Reads and writes jobs. */
export class JobsTable {
  readonly #insert: Statement<never>;
  readonly #get: Statement<JobRow>;
  readonly #transition: Statement<never>;
  readonly #unfinished: Statement<JobRow>;
  readonly #page: Statement<JobRow>;
  readonly #ofBatch: Statement<JobRow>;
  readonly #openInBatch: Statement<{ readonly id: string }>;

  constructor(database: Database) {
    this.#insert = database.prepare(`INSERT INTO jobs (id, account_id, key_id, operation, state,
      cost_credits, request_json, pack_id, is_async, batch_id, batch_index, created_at, updated_at)
      VALUES (@id, @accountId, @keyId, @operation, @state, @costCredits, @requestJson, @packId,
      @isAsync, @batchId, @batchIndex, @createdAt, @createdAt)`);
    this.#get = database.prepare(`SELECT ${COLUMNS} FROM jobs WHERE id = ?`);
    this.#transition = database.prepare(`UPDATE jobs SET state = @to, updated_at = @updatedAt,
      result_json = COALESCE(@resultJson, result_json), error_code = @errorCode,
      error_message = @errorMessage,
      starts = starts + (@to = 'running'),
      started_at = CASE @to WHEN 'running' THEN @updatedAt WHEN 'queued' THEN NULL ELSE started_at END,
      finished_at = CASE WHEN @to IN ('settled', 'voided') THEN @updatedAt ELSE NULL END
      WHERE id = @id AND state IN (SELECT value FROM json_each(@from))`);
    this.#unfinished = database.prepare(`SELECT ${COLUMNS} FROM jobs
      WHERE state NOT IN ('settled', 'voided') ORDER BY created_at, id`);
    this.#page = database.prepare(`SELECT ${COLUMNS} FROM jobs
      WHERE account_id = @accountId AND (created_at, id) < (@createdAt, @id)
      ORDER BY created_at DESC, id DESC LIMIT @limit`);
    this.#ofBatch = database.prepare(`SELECT ${COLUMNS} FROM jobs
      WHERE batch_id = ? ORDER BY batch_index`);
    this.#openInBatch = database.prepare(`SELECT id FROM jobs
      WHERE batch_id = ? AND state NOT IN ('settled', 'voided') LIMIT 1`);
  }

  insert(job: NewJob): void {
    this.#insert.run({ isAsync: 0, batchId: null, batchIndex: null, ...job });
  }

  get(id: string): JobRow | undefined {
    return this.#get.get(id);
  }

  /** Enter a state; false when the job is in none of the states it may be entered from. */
  transition(
    id: string,
    from: readonly JobStateName[],
    to: JobStateName,
    patch: JobPatch,
  ): boolean {
    const { changes } = this.#transition.run({
      resultJson: null,
      errorCode: null,
      errorMessage: null,
      ...patch,
      id,
      to,
      from: JSON.stringify(from),
    });
    return changes === 1;
  }

  /** Jobs that have no outcome yet, oldest first. */
  listUnfinished(): readonly JobRow[] {
    return this.#unfinished.all();
  }

  /** An account's jobs, newest first. */
  list({ accountId, limit, before }: JobsPage): readonly JobRow[] {
    const { createdAt, id } = before ?? { createdAt: Number.MAX_SAFE_INTEGER, id: '' };
    return this.#page.all({ accountId, limit, createdAt, id });
  }

  /** Whether a batch has a job without an outcome. */
  hasOpenInBatch(batchId: string): boolean {
    return this.#openInBatch.get(batchId) !== undefined;
  }

  /** The jobs of a batch, in the order of its request. */
  listOfBatch(batchId: string): readonly JobRow[] {
    return this.#ofBatch.all(batchId);
  }
}
