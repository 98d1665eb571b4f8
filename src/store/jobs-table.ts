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
  readonly createdAt: number;
}

/** A job as it is read. */
export interface JobRow extends NewJob {
  readonly resultJson: string | null;
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
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

const COLUMNS = `id, account_id AS accountId, key_id AS keyId, operation, state,
  cost_credits AS costCredits, request_json AS requestJson, pack_id AS packId,
  result_json AS resultJson, error_code AS errorCode, error_message AS errorMessage,
  (SELECT is_sandbox FROM api_keys WHERE api_keys.id = key_id) AS isSandbox,
  created_at AS createdAt, updated_at AS updatedAt`;

/** Reads and writes jobs. */
export class JobsTable {
  readonly #insert: Statement<never>;
  readonly #get: Statement<JobRow>;
  readonly #transition: Statement<never>;
  readonly #unfinished: Statement<JobRow>;

  constructor(database: Database) {
    this.#insert = database.prepare(`INSERT INTO jobs (id, account_id, key_id, operation, state,
      cost_credits, request_json, pack_id, created_at, updated_at) VALUES (@id, @accountId, @keyId,
      @operation, @state, @costCredits, @requestJson, @packId, @createdAt, @createdAt)`);
    this.#get = database.prepare(`SELECT ${COLUMNS} FROM jobs WHERE id = ?`);
    this.#transition = database.prepare(`UPDATE jobs SET state = @to, updated_at = @updatedAt,
      result_json = COALESCE(@resultJson, result_json), error_code = @errorCode,
      error_message = @errorMessage
      WHERE id = @id AND state IN (SELECT value FROM json_each(@from))`);
    this.#unfinished = database.prepare(`SELECT ${COLUMNS} FROM jobs
      WHERE state NOT IN ('settled', 'voided') ORDER BY created_at, id`);
  }

  insert(job: NewJob): void {
    this.#insert.run(job);
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
}
