/**
 * The life of a paid call: admit, reserve, fetch, queue, run, publish, settle. Whatever fails before
 * the end voids the reservation, so a caller pays for a stored result or not at all. Every paid
 * call of every interface goes through `run`.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Engine } from '../engine/engine-pool.ts';
import type { EngineFile, EngineResult } from '../engine/protocol.ts';
import { ApiError, shuttingDown } from '../errors.ts';
import { diskFailure } from '../fetching/disk-failure.ts';
import type { ImageUrl } from '../fetching/image-url.ts';
import type { SourceFetcher } from '../fetching/source-fetcher.ts';
import { errorFields, type Log } from '../observability/log.ts';
import type { ResultStore } from '../results/result-store.ts';
import type { Admission } from './admission.ts';
import type { FairQueue } from './fair-queue.ts';
import type { IdempotencyToken } from './idempotency.ts';
import type { JobRequest, JobResult, Payer } from './job.ts';
import type { JobLedger, JobTicket } from './job-ledger.ts';
import type { JobPlan } from './plan.ts';

/** What the service is made of. */
export interface JobServiceParts {
  /** Finds price and pack. @throws ApiError `model_unavailable`. */
  readonly plan: (request: JobRequest, payer: Payer) => JobPlan;
  readonly costOf: (request: JobRequest, payer: Payer) => number;
  readonly admission: Admission;
  readonly ledger: JobLedger;
  readonly fetcher: Pick<SourceFetcher, 'prepare' | 'fetchTo'>;
  readonly queue: FairQueue;
  readonly engine: Pick<Engine, 'run'>;
  readonly results: ResultStore;
  readonly log: Log;
  /** Time a synchronous call may take in all. */
  readonly deadlineMs: number;
}

/** How one call wants to be run. */
export interface RunOptions {
  /** Fires when the caller leaves; the job is then cancelled and voided. */
  readonly signal: AbortSignal;
  readonly idempotency?: IdempotencyToken | undefined;
}

/** A finished call. */
export interface RunOutcome {
  readonly result: JobResult;
  /** Whether an earlier call with the same idempotency key had delivered it. */
  readonly isReplay: boolean;
}

/** An engine result that has a file. */
type MadeFile = EngineResult & { readonly file: EngineFile };

/** Runs paid calls. */
export class JobService {
  readonly #parts: JobServiceParts;
  readonly #stopping = new AbortController();
  /** Jobs whose void failed, for example because the disk was full. */
  readonly #unvoided = new Map<string, { readonly accountId: string; readonly reason: unknown }>();

  constructor(parts: JobServiceParts) {
    this.#parts = parts;
  }

  /**
   * Carry out a request to its settled end.
   * @throws ApiError; whatever its code, nothing was charged.
   */
  async run(request: JobRequest, payer: Payer, options: RunOptions): Promise<RunOutcome> {
    const { ledger, admission, fetcher, plan: planOf, costOf } = this.#parts;
    const delivered = ledger.replay(payer, options.idempotency);
    if (delivered !== undefined) return { result: delivered, isReplay: true };
    const { imageUrl } = request;
    const source = imageUrl === undefined ? undefined : fetcher.prepare(imageUrl, payer.accountId);
    ledger.assertAffordable(payer.accountId, costOf(request, payer));
    const plan = planOf(request, payer);
    const leave = await admission.admit(payer.accountId);
    try {
      const ticket = ledger.reserve(plan, payer, options.idempotency);
      return {
        result: await this.#carry(ticket, { plan, source }, options.signal),
        isReplay: false,
      };
    } finally {
      leave();
    }
  }

  async #carry(
    ticket: JobTicket,
    { plan, source }: { readonly plan: JobPlan; readonly source: ImageUrl | undefined },
    caller: AbortSignal,
  ): Promise<JobResult> {
    const { fetcher, results, deadlineMs } = this.#parts;
    const signal = AbortSignal.any([
      caller,
      AbortSignal.timeout(deadlineMs),
      this.#stopping.signal,
    ]);
    const sourcePath = join(results.stagingFolder, `${ticket.random}.source`);
    try {
      if (source !== undefined) {
        await fetcher.fetchTo(source, ticket.accountId, sourcePath, signal);
      }
      const made = await this.#infer(ticket, plan, sourcePath, signal);
      signal.throwIfAborted(); // nothing is stored yet: who left does not pay
      return await this.#deliver(ticket, plan, made);
    } catch (error) {
      const failure = error instanceof ApiError ? error : diskFailure(error);
      await this.#discard(ticket, plan, failure);
      throw failure;
    } finally {
      await rm(sourcePath, { force: true });
    }
  }

  async #infer(
    ticket: JobTicket,
    plan: JobPlan,
    sourcePath: string,
    signal: AbortSignal,
  ): Promise<MadeFile> {
    const { ledger, queue, engine, results, deadlineMs } = this.#parts;
    ledger.advance(ticket, 'queued');
    const release = await queue.acquire(ticket.accountId, signal);
    try {
      ledger.advance(ticket, 'running');
      const task = {
        taskId: ticket.id,
        operation: plan.engineOperation,
        packId: plan.packId,
        sourcePath,
        outputStem: join(results.stagingFolder, ticket.random),
        isWatermarked: plan.isWatermarked,
      };
      const made = await engine.run(task, { signal, deadlineMs });
      if (made.file === undefined) throw new Error('The engine answered without a file.');
      return { ...made, file: made.file };
    } finally {
      release();
    }
  }

  async #deliver(ticket: JobTicket, plan: JobPlan, made: MadeFile): Promise<JobResult> {
    const { ledger, results } = this.#parts;
    const { file, source } = made;
    const name = results.nameOf(plan.resultKind, ticket.random, file.format);
    const result: JobResult = {
      id: ticket.id,
      createdAtMs: ticket.createdAtMs,
      creditsUsed: ticket.costCredits,
      packId: plan.packId,
      url: results.urlOf(name),
      format: file.format,
      source,
      size: { widthPx: file.widthPx, heightPx: file.heightPx },
    };
    ledger.publishing(ticket, result, { name, bytes: file.bytes, sha256: file.sha256 });
    await results.publish(file.path, name);
    ledger.settle(ticket.id, ticket.accountId);
    return result;
  }

  /** Fail every job in progress with `shutting_down`; they are voided as any failed job. */
  abortAll(): void {
    this.#stopping.abort(shuttingDown());
  }

  /** Try again what could not be voided; called now and then. */
  retryVoids(): void {
    for (const [jobId, { accountId, reason }] of [...this.#unvoided]) {
      this.#void(jobId, accountId, reason);
    }
  }

  /** Undo a failed job: its files, then its reservation, the one whatever becomes of the other. */
  async #discard(ticket: JobTicket, plan: JobPlan, reason: unknown): Promise<void> {
    const { results, log } = this.#parts;
    await results.discard(plan.resultKind, ticket.random).catch((error: unknown) => {
      log.error('job-files-not-removed', { jobId: ticket.id, ...errorFields(error) });
    });
    this.#void(ticket.id, ticket.accountId, reason);
  }

  #void(jobId: string, accountId: string, reason: unknown): void {
    try {
      this.#parts.ledger.void(jobId, accountId, reason);
      this.#unvoided.delete(jobId);
    } catch (error) {
      this.#unvoided.set(jobId, { accountId, reason });
      this.#parts.log.error('job-not-voided', { jobId, ...errorFields(error) });
    }
  }
}
