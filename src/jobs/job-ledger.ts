/**
 * Every change of a job's state, each in one IMMEDIATE transaction with the credits, the result row,
 * the event and the idempotency record that go with it: after a crash all of a step happened or none.
 */
import assert from 'node:assert/strict';
import type { Ledger } from '../accounts/ledger.ts';
import { ApiError, idempotencyInProgress, insufficientCredits } from '../errors.ts';
import type { PublishedFile } from '../results/result-store.ts';
import type { BatchesTable } from '../store/batches-table.ts';
import type { Database } from '../store/database.ts';
import type { IdempotencyTable } from '../store/idempotency-table.ts';
import type { JobEventsTable } from '../store/job-events-table.ts';
import type { JobPatch, JobRow, JobsTable } from '../store/jobs-table.ts';
import { randomId } from '../store/random-id.ts';
import type { ResultsTable } from '../store/results-table.ts';
import { EarlierCalls, IN_PROGRESS_RETRY_S } from './earlier-calls.ts';
import type { IdempotencyToken } from './idempotency.ts';
import { JobCancelled, type JobResult, type Payer } from './job.ts';
import { changeOf, type JobObserver } from './job-observer.ts';
import { type JobTicket, ticketOf } from './job-ticket.ts';
import type { JobOrder } from './plan.ts';
import { type JobState, statesBefore } from './states.ts';

/** What the ledger of jobs is made of. */
export interface JobLedgerParts {
  readonly database: Database;
  readonly ledger: Ledger;
  readonly jobs: JobsTable;
  readonly events: JobEventsTable;
  readonly batches: BatchesTable;
  readonly results: ResultsTable;
  readonly idempotency: IdempotencyTable;
  readonly now: () => number;
  /** Milliseconds a result is kept; undefined keeps it for ever. */
  readonly retentionMs: number | undefined;
  /** Told of each change inside its transaction. */
  readonly observers?: readonly JobObserver[];
  /** Told of each change after it was committed. */
  readonly onChanged?: (jobId: string) => void;
}

/** How jobs are reserved. */
export interface ReserveOptions {
  readonly token?: IdempotencyToken | undefined;
  /** Whether nobody waits on the line for them. */
  readonly isAsync?: boolean;
  /** Make them one batch. */
  readonly batchId?: string | undefined;
}

/** The transactions of a job's life. */
export class JobLedger {
  readonly #parts: JobLedgerParts;
  /** What earlier calls with an idempotency key came to. */
  readonly earlierCalls: EarlierCalls;

  constructor(parts: JobLedgerParts) {
    this.#parts = parts;
    this.earlierCalls = new EarlierCalls(parts);
  }

  /**
   * Refuse early what the balance cannot pay; the reservation decides.
   * @throws ApiError `insufficient_credits`.
   */
  assertAffordable(accountId: string, costCredits: number): void {
    const { total } = this.#parts.ledger.balance(accountId);
    if (total < costCredits) throw insufficientCredits(costCredits, total);
  }

  /**
   * Hold the credits of a new job.
   * @throws ApiError `insufficient_credits`, `idempotency_in_progress`, `idempotency_conflict`.
   */
  reserve(order: JobOrder, payer: Payer, options: ReserveOptions = {}): JobTicket {
    const [ticket] = this.reserveAll([order], payer, options);
    assert(ticket !== undefined);
    return ticket;
  }

  /**
   * Hold the credits of new jobs: of all of them or of none.
   * @returns A ticket for each order, in their order.
   * @throws ApiError `insufficient_credits`, `idempotency_in_progress`, `idempotency_conflict`.
   */
  reserveAll(
    orders: readonly JobOrder[],
    payer: Payer,
    options: ReserveOptions = {},
  ): readonly JobTicket[] {
    const { database, now } = this.#parts;
    const { token, batchId } = options;
    const createdAt = now();
    const tickets = database.transaction(() => {
      if (this.earlierCalls.find(payer, token) !== undefined) {
        throw idempotencyInProgress(IN_PROGRESS_RETRY_S);
      }
      if (batchId !== undefined) this.#openBatch(batchId, orders, payer, createdAt);
      const made = orders.map((order, index) =>
        this.#reserveOne(order, payer, { ...options, index, createdAt }),
      );
      const [first] = made;
      if (token !== undefined && first !== undefined) {
        this.earlierCalls.remember(payer, token, first.id, createdAt);
      }
      return made;
    });
    for (const { id } of tickets) this.#parts.onChanged?.(id);
    return tickets;
  }

  #openBatch(id: string, orders: readonly JobOrder[], payer: Payer, createdAt: number): void {
    const operation = orders[0]?.plan.operation ?? '';
    const { accountId, keyId } = payer;
    const itemCount = orders.length;
    this.#parts.batches.insert({ id, accountId, keyId, operation, itemCount, createdAt });
  }

  #reserveOne(
    { request, plan }: JobOrder,
    payer: Payer,
    place: ReserveOptions & { readonly index: number; readonly createdAt: number },
  ): JobTicket {
    const { ledger, jobs } = this.#parts;
    const id = randomId(plan.idPrefix);
    jobs.insert({
      id,
      accountId: payer.accountId,
      keyId: payer.keyId,
      operation: plan.operation,
      state: 'reserved',
      costCredits: plan.costCredits,
      requestJson: JSON.stringify(request),
      packId: plan.packId,
      isAsync: place.isAsync === true ? 1 : 0,
      batchId: place.batchId ?? null,
      batchIndex: place.batchId === undefined ? null : place.index,
      createdAt: place.createdAt,
    });
    ledger.reserve(id, payer.accountId, plan.costCredits);
    const job = jobs.get(id);
    assert(job !== undefined);
    this.#tell(job, place.createdAt);
    return ticketOf(job);
  }

  /** Enter a state that moves no credits. */
  advance(jobId: string, state: 'queued' | 'running'): void {
    this.#parts.database.transaction(() => this.#enter(jobId, state, {}));
    this.#parts.onChanged?.(jobId);
  }

  /** Put a job that the end of the server interrupted back into the queue. */
  requeue(jobId: string): void {
    this.#parts.database.transaction(() => {
      this.#parts.results.removeForJob(jobId);
      this.#enter(jobId, 'queued', {});
    });
    this.#parts.onChanged?.(jobId);
  }

  /** Record name and hash of every file of a result that is about to be put on the CDN. */
  publishing(ticket: JobTicket, result: JobResult, files: readonly PublishedFile[]): void {
    const { database, results, now, retentionMs } = this.#parts;
    database.transaction(() => {
      this.#enter(ticket.id, 'published', { resultJson: JSON.stringify(result) });
      const createdAt = now();
      const expiresAt = retentionMs === undefined ? null : createdAt + retentionMs;
      for (const { name, bytes, sha256 } of files) {
        const { id: jobId, accountId } = ticket;
        results.insert({ name, jobId, accountId, bytes, sha256, createdAt, expiresAt });
      }
    });
    this.#parts.onChanged?.(ticket.id);
  }

  /** Keep the credits: the result is stored. */
  settle(jobId: string, accountId: string): void {
    this.#parts.database.transaction(() => {
      this.#parts.ledger.settle(jobId, accountId);
      this.#enter(jobId, 'settled', {});
    });
    this.#parts.onChanged?.(jobId);
  }

  /** Give the credits back and forget the result. */
  void(jobId: string, accountId: string, reason: unknown): void {
    const { database, ledger, results } = this.#parts;
    const error = reason instanceof ApiError ? reason : undefined;
    const errorCode = reason instanceof JobCancelled ? 'cancelled' : error?.code;
    database.transaction(() => {
      ledger.void(jobId, accountId);
      results.removeForJob(jobId);
      this.#enter(jobId, 'voided', {
        errorCode: errorCode ?? 'internal_error',
        errorMessage: error?.message ?? null,
      });
    });
    this.#parts.onChanged?.(jobId);
  }

  #enter(jobId: string, state: JobState, patch: Omit<JobPatch, 'updatedAt'>): void {
    const { jobs, now } = this.#parts;
    const updatedAt = now();
    if (!jobs.transition(jobId, statesBefore(state), state, { ...patch, updatedAt })) {
      throw new Error(`Job ${jobId} cannot enter the state ${state}.`);
    }
    const job = jobs.get(jobId);
    assert(job !== undefined);
    this.#tell(job, updatedAt);
  }

  /** Write the event, and let the observers write theirs. */
  #tell(job: JobRow, atMs: number): void {
    const { events, observers = [] } = this.#parts;
    events.append({ jobId: job.id, state: job.state, createdAt: atMs });
    for (const observe of observers) observe(changeOf(job, atMs));
  }
}
