/** Which job an `Idempotency-Key` stands for, and what may be answered for it again. */
import { idempotencyConflict, idempotencyInProgress } from '../errors.ts';
import type { IdempotencyTable } from '../store/idempotency-table.ts';
import type { JobRow, JobsTable } from '../store/jobs-table.ts';
import { IDEMPOTENCY_MS, type IdempotencyToken, storedKey } from './idempotency.ts';
import type { JobResult, Payer } from './job.ts';

/** What it reads and writes. */
export interface EarlierCallsParts {
  readonly idempotency: IdempotencyTable;
  readonly jobs: JobsTable;
  readonly now: () => number;
}

/** Seconds after which a call whose first is still running may be tried again. */
export const IN_PROGRESS_RETRY_S = 1;

/** Finds and remembers calls by their key. */
export class EarlierCalls {
  readonly #parts: EarlierCallsParts;

  constructor(parts: EarlierCallsParts) {
    this.#parts = parts;
  }

  /**
   * The job that an earlier call with this key stands for, unless it failed.
   * @throws ApiError `idempotency_conflict`.
   */
  find(payer: Payer, token: IdempotencyToken | undefined): JobRow | undefined {
    if (token === undefined) return undefined;
    const { idempotency, jobs, now } = this.#parts;
    const known = idempotency.get(payer.accountId, storedKey(token.key, payer));
    if (known === undefined || known.createdAt < now() - IDEMPOTENCY_MS) return undefined;
    const job = jobs.get(known.jobId);
    if (job === undefined || job.state === 'voided') return undefined;
    if (known.bodySha256 !== token.bodySha256) throw idempotencyConflict();
    return job;
  }

  /**
   * The result an earlier call with this key delivered, if any.
   * @throws ApiError `idempotency_conflict`, `idempotency_in_progress`.
   */
  delivered(payer: Payer, token: IdempotencyToken | undefined): JobResult | undefined {
    const job = this.find(payer, token);
    if (job === undefined) return undefined;
    if (job.state !== 'settled' || job.resultJson === null) {
      throw idempotencyInProgress(IN_PROGRESS_RETRY_S);
    }
    return JSON.parse(job.resultJson) as JobResult;
  }

  /** Let a key stand for a job; called inside the transaction that stores the job. */
  remember(payer: Payer, token: IdempotencyToken, jobId: string, createdAt: number): void {
    const key = storedKey(token.key, payer);
    this.#parts.idempotency.put({ ...token, key, accountId: payer.accountId, jobId, createdAt });
  }
}
