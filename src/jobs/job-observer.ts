/**
 * Who wants to know that a job has entered a state. Observers are called inside the transaction that
 * changes it, so what they write to the database is there exactly when the state is (an outbox);
 * they do nothing else.
 */
import type { JobRow } from '../store/jobs-table.ts';
import type { Operation } from './job.ts';
import type { JobState } from './states.ts';

/** One step of a job's life. */
export interface JobChange {
  readonly jobId: string;
  readonly accountId: string;
  readonly operation: Operation;
  readonly state: JobState;
  /** Whether nobody waits on the line for it: `Prefer: respond-async`, or an item of a batch. */
  readonly isAsync: boolean;
  readonly batchId: string | null;
  /** Code of the failure, `cancelled`, or null. */
  readonly errorCode: string | null;
  readonly atMs: number;
}

/** Writes what follows from a change. @throws whatever the database throws: the change is undone. */
export type JobObserver = (change: JobChange) => void;

/** The change that a job's row stands for. */
export const changeOf = (job: JobRow, atMs: number): JobChange => ({
  jobId: job.id,
  accountId: job.accountId,
  operation: job.operation as Operation,
  state: job.state,
  isAsync: job.isAsync === 1,
  batchId: job.batchId,
  errorCode: job.errorCode,
  atMs,
});
