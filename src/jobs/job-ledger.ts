/**
 * Every change of a job's state, each in one IMMEDIATE transaction with the credits, the result row
 * and the idempotency record that go with it: after a crash either all of a step happened or none.
 */
import type { Ledger } from '../accounts/ledger.ts';
import {
  ApiError,
  idempotencyConflict,
  idempotencyInProgress,
  insufficientCredits,
} from '../errors.ts';
import type { PublishedFile } from '../results/result-store.ts';
import type { Database } from '../store/database.ts';
import type { IdempotencyTable } from '../store/idempotency-table.ts';
import type { JobsTable } from '../store/jobs-table.ts';
import { randomId } from '../store/random-id.ts';
import type { ResultsTable } from '../store/results-table.ts';
import { IDEMPOTENCY_HOURS, type IdempotencyToken, storedKey } from './idempotency.ts';
import type { JobResult, Payer } from './job.ts';
import type { JobPlan } from './plan.ts';
import { type JobState, statesBefore } from './states.ts';

/** A job whose credits are held. */
export interface JobTicket {
  /** Public id, `<prefix>_<random>`. */
  readonly id: string;
  /** The random part, which is also the file's name on the CDN. */
  readonly random: string;
  readonly accountId: string;
  readonly createdAtMs: number;
  readonly costCredits: number;
}

/** What the ledger of jobs is made of. */
export interface JobLedgerParts {
  readonly database: Database;
  readonly ledger: Ledger;
  readonly jobs: JobsTable;
  readonly results: ResultsTable;
  readonly idempotency: IdempotencyTable;
  readonly now: () => number;
  /** Milliseconds a result is kept; undefined keeps it for ever. */
  readonly retentionMs: number | undefined;
}

const HOUR_MS = 3_600_000;
const RETRY_AFTER_S = 1;

/** The transactions of a job's life. */
export class JobLedger {
  readonly #parts: JobLedgerParts;

  constructor(parts: JobLedgerParts) {
    this.#parts = parts;
  }

  /**
   * The result an earlier call with this idempotency key delivered, if any.
   * @throws ApiError `idempotency_conflict`, `idempotency_in_progress`.
   */
  replay(payer: Payer, token: IdempotencyToken | undefined): JobResult | undefined {
    if (token === undefined) return undefined;
    const { idempotency, jobs, now } = this.#parts;
    const known = idempotency.get(payer.accountId, storedKey(token.key, payer));
    if (known === undefined || known.createdAt < now() - IDEMPOTENCY_HOURS * HOUR_MS) {
      return undefined;
    }
    const job = jobs.get(known.jobId);
    if (job === undefined || job.state === 'voided') return undefined;
    if (known.bodySha256 !== token.bodySha256) throw idempotencyConflict();
    if (job.state !== 'settled' || job.resultJson === null) {
      throw idempotencyInProgress(RETRY_AFTER_S);
    }
    return JSON.parse(job.resultJson) as JobResult;
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
  reserve(plan: JobPlan, payer: Payer, token: IdempotencyToken | undefined): JobTicket {
    const { database, ledger, jobs, idempotency, now } = this.#parts;
    const id = randomId(plan.idPrefix);
    const createdAtMs = now();
    database.transaction(() => {
      if (this.replay(payer, token) !== undefined) throw idempotencyInProgress(RETRY_AFTER_S);
      jobs.insert({
        id,
        accountId: payer.accountId,
        keyId: payer.keyId,
        operation: plan.operation,
        state: 'reserved',
        costCredits: plan.costCredits,
        requestJson: JSON.stringify({ imageUrl: plan.imageUrl, ...plan.engineOperation }),
        packId: plan.packId,
        createdAt: createdAtMs,
      });
      ledger.reserve(id, payer.accountId, plan.costCredits);
      if (token !== undefined) {
        idempotency.put({
          accountId: payer.accountId,
          ...token,
          key: storedKey(token.key, payer),
          jobId: id,
          createdAt: createdAtMs,
        });
      }
    });
    return {
      id,
      random: id.slice(plan.idPrefix.length + 1),
      accountId: payer.accountId,
      createdAtMs,
      costCredits: plan.costCredits,
    };
  }

  /** Enter a state that moves no credits. */
  advance(ticket: JobTicket, state: 'queued' | 'running'): void {
    this.#enter(ticket.id, state, {});
  }

  /** Record name and hash of a result that is about to be put on the CDN. */
  publishing(ticket: JobTicket, result: JobResult, file: PublishedFile): void {
    const { database, results, now, retentionMs } = this.#parts;
    database.transaction(() => {
      this.#enter(ticket.id, 'published', { resultJson: JSON.stringify(result) });
      results.insert({
        name: file.name,
        jobId: ticket.id,
        accountId: ticket.accountId,
        bytes: file.bytes,
        sha256: file.sha256,
        createdAt: now(),
        expiresAt: retentionMs === undefined ? null : now() + retentionMs,
      });
    });
  }

  /** Keep the credits: the result is stored. */
  settle(jobId: string, accountId: string): void {
    this.#parts.database.transaction(() => {
      this.#parts.ledger.settle(jobId, accountId);
      this.#enter(jobId, 'settled', {});
    });
  }

  /** Give the credits back and forget the result. */
  void(jobId: string, accountId: string, reason: unknown): void {
    const { database, ledger, results } = this.#parts;
    const error = reason instanceof ApiError ? reason : undefined;
    database.transaction(() => {
      ledger.void(jobId, accountId);
      results.removeForJob(jobId);
      this.#enter(jobId, 'voided', {
        errorCode: error?.code ?? 'internal_error',
        errorMessage: error?.message ?? null,
      });
    });
  }

  #enter(
    jobId: string,
    state: JobState,
    patch: { resultJson?: string; errorCode?: string; errorMessage?: string | null },
  ): void {
    const { jobs, now } = this.#parts;
    const entered = jobs.transition(jobId, statesBefore(state), state, {
      ...patch,
      updatedAt: now(),
    });
    if (!entered) throw new Error(`Job ${jobId} cannot enter the state ${state}.`);
  }
}
