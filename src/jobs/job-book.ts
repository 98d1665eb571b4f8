/** Reads jobs for those who may see them: their own account. */
import { gone, notFound } from '../errors.ts';
import type { JobEventRow, JobEventsTable } from '../store/job-events-table.ts';
import type { JobRow, JobsPage, JobsTable } from '../store/jobs-table.ts';
import type { ActiveJobs, JobNews } from './active-jobs.ts';
import type { JobRequest, JobResult } from './job.ts';

/** Where a job stands, as callers see it. */
export type PublicJobState = 'queued' | 'running' | 'completed' | 'failed' | 'cancelled';

/** A job as its account sees it. */
export interface JobView {
  readonly id: string;
  readonly request: JobRequest;
  readonly packId: string;
  readonly costCredits: number;
  readonly batchId: string | null;
  readonly state: PublicJobState;
  /** Jobs that start before it; null when it does not wait for a slot. */
  readonly place: number | null;
  readonly estimatedStartMs: number | null;
  /** Share done, 0 to 1. */
  readonly progress: number;
  readonly createdAtMs: number;
  readonly startedAtMs: number | null;
  readonly finishedAtMs: number | null;
  readonly expiresAtMs: number | null;
  readonly result: JobResult | null;
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** What the book is made of. */
export interface JobBookParts {
  readonly jobs: JobsTable;
  readonly events: JobEventsTable;
  readonly active: ActiveJobs;
  /** Jobs that will start before one; undefined when it does not wait for a slot. */
  readonly placeOf: (jobId: string) => number | undefined;
  /** Milliseconds until a place in the queue gets its slot. */
  readonly waitMsOf: (place: number) => number;
  readonly now: () => number;
  /** Milliseconds a finished job is kept; undefined keeps it for ever. */
  readonly retentionMs: number | undefined;
}

const UNKNOWN_ERROR = 'Something went wrong on our side. You were not charged.';

/** A stored state as callers see it. */
export function publicState(state: JobRow['state'], errorCode: string | null): PublicJobState {
  switch (state) {
    case 'reserved':
    case 'queued':
      return 'queued';
    case 'running':
    case 'published':
      return 'running';
    case 'settled':
      return 'completed';
    case 'voided':
      return errorCode === 'cancelled' ? 'cancelled' : 'failed';
    default:
      return state satisfies never;
  }
}

/** Whether a job has come to its end. */
export const hasEnded = (state: PublicJobState): boolean =>
  state === 'completed' || state === 'failed' || state === 'cancelled';

/** Reads jobs. */
export class JobBook {
  readonly #parts: JobBookParts;

  constructor(parts: JobBookParts) {
    this.#parts = parts;
  }

  /**
   * One job of an account.
   * @throws ApiError `not_found` (also for another account's), `gone`.
   */
  view(accountId: string, jobId: string): JobView {
    const job = this.#parts.jobs.get(jobId);
    if (job === undefined || job.accountId !== accountId) throw notFound();
    const view = this.#viewOf(job);
    if (view.expiresAtMs !== null && view.expiresAtMs <= this.#parts.now()) throw gone();
    return view;
  }

  /** An account's jobs, newest first. */
  list(page: JobsPage): readonly JobView[] {
    return this.#parts.jobs.list(page).map((job) => this.#viewOf(job));
  }

  /** The jobs of a batch, in the order of its request. */
  listOfBatch(batchId: string): readonly JobView[] {
    return this.#parts.jobs.listOfBatch(batchId).map((job) => this.#viewOf(job));
  }

  /** The states a job entered after an event, in order. */
  eventsAfter(jobId: string, seq: number): readonly JobEventRow[] {
    return this.#parts.events.listAfter(jobId, seq);
  }

  /** Be told when a job enters a state or gets further. @returns A function that ends it. */
  watch(jobId: string, listener: (news: JobNews) => void): () => void {
    return this.#parts.active.watch(jobId, listener);
  }

  #viewOf(job: JobRow): JobView {
    const { placeOf, waitMsOf, now, active, retentionMs } = this.#parts;
    const state = publicState(job.state, job.errorCode);
    const place = state === 'queued' ? placeOf(job.id) : undefined;
    const { finishedAt } = job;
    return {
      id: job.id,
      request: JSON.parse(job.requestJson) as JobRequest,
      packId: job.packId,
      costCredits: job.costCredits,
      batchId: job.batchId,
      state,
      place: place ?? null,
      estimatedStartMs: place === undefined ? null : now() + waitMsOf(place),
      progress: state === 'completed' ? 1 : active.progressOf(job.id),
      createdAtMs: job.createdAt,
      startedAtMs: job.startedAt,
      finishedAtMs: finishedAt,
      expiresAtMs:
        finishedAt === null || retentionMs === undefined ? null : finishedAt + retentionMs,
      result:
        job.state === 'settled' && job.resultJson !== null
          ? (JSON.parse(job.resultJson) as JobResult)
          : null,
      error:
        state === 'failed'
          ? { code: job.errorCode ?? 'internal_error', message: job.errorMessage ?? UNKNOWN_ERROR }
          : null,
    };
  }
}
