/** Table `job_events`: every state a job entered, numbered from 1. */
import type { Database, Statement } from './database.ts';
import type { JobStateName } from './jobs-table.ts';

/** One state entered. */
export interface JobEventRow {
  readonly seq: number;
  readonly state: JobStateName;
  readonly createdAt: number;
}

/** Reads and writes the events of jobs. */
export class JobEventsTable {
  readonly #append: Statement<never>;
  readonly #after: Statement<JobEventRow>;

  constructor(database: Database) {
    this.#append = database.prepare(`INSERT INTO job_events (job_id, seq, state, created_at)
      SELECT @jobId, COALESCE(MAX(seq), 0) + 1, @state, @createdAt
      FROM job_events WHERE job_id = @jobId`);
    this.#after = database.prepare(`SELECT seq, state, created_at AS createdAt FROM job_events
      WHERE job_id = ? AND seq > ? ORDER BY seq`);
  }

  append(event: {
    readonly jobId: string;
    readonly state: JobStateName;
    readonly createdAt: number;
  }): void {
    this.#append.run(event);
  }

  /** A job's events after a number, in order. */
  listAfter(jobId: string, seq: number): readonly JobEventRow[] {
    return this.#after.all(jobId, seq);
  }
}
