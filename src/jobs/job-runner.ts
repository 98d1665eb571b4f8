/**
 * Carries one reserved job to its end: source, queue, engine, publish, settle. Whatever fails before
 * the result is stored voids the reservation, so a caller pays for a stored result or not at all.
 */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Engine } from '../engine/engine-pool.ts';
import type { EngineResult } from '../engine/protocol.ts';
import { ApiError } from '../errors.ts';
import { diskFailure, isOutOfRoom } from '../fetching/disk-failure.ts';
import type { SourceFetcher } from '../fetching/source-fetcher.ts';
import { errorFields, type Log } from '../observability/log.ts';
import { syncToDisk } from '../results/durable-file.ts';
import { type ResultStore, SOURCE_ROLES } from '../results/result-store.ts';
import { type ActiveJobs, LeftForNextStart } from './active-jobs.ts';
import type { FairQueue, JobPriority } from './fair-queue.ts';
import { JobCancelled, type JobResult } from './job.ts';
import type { JobLedger } from './job-ledger.ts';
import { resultOf } from './job-result.ts';
import { type JobSource, ofSource } from './job-sources.ts';
import type { JobTicket } from './job-ticket.ts';
import type { JobPlan } from './plan.ts';
import type { RunTimes } from './run-times.ts';

/** What the runner is made of. */
export interface JobRunnerParts {
  readonly ledger: JobLedger;
  readonly active: ActiveJobs;
  readonly fetcher: Pick<SourceFetcher, 'fetchTo'>;
  /** The engine's slots. */
  readonly queue: FairQueue;
  /** Bounds the sources on disk of jobs that wait: a batch may name gigabytes. */
  readonly staging: FairQueue;
  readonly engine: Pick<Engine, 'run'>;
  readonly results: ResultStore;
  readonly log: Log;
  readonly runTimes: RunTimes;
  /** Makes room on a full disk for a few writes. @returns Whether it could. */
  readonly makeRoom: () => boolean;
  /** Milliseconds the engine may take for one task. */
  readonly deadlineMs: number;
}

/** A job to carry. */
export interface Carried {
  readonly ticket: JobTicket;
  readonly plan: JobPlan;
  readonly sources: readonly JobSource[];
  readonly priority: JobPriority;
  /** Where it stands: a job taken up again after a start may be queued already. */
  readonly state: 'reserved' | 'queued';
  /** Stops it, whatever it is doing. */
  readonly signal: AbortSignal;
  /** Stops it only while it waits for source or slot. */
  readonly waitSignal: AbortSignal;
  /** Fires when the caller who waits on the line leaves. */
  readonly caller?: AbortSignal;
}

/** Carries jobs. */
export class JobRunner {
  readonly #parts: JobRunnerParts;
  /** Jobs whose void failed, for example because the disk was full. */
  readonly #unvoided = new Map<string, { readonly accountId: string; readonly reason: unknown }>();

  constructor(parts: JobRunnerParts) {
    this.#parts = parts;
  }

  /**
   * Carry a job to its settled end.
   * @throws ApiError; the job was voided. LeftForNextStart; it is as it was, with its sources.
   */
  async carry(job: Carried): Promise<JobResult> {
    const { results } = this.#parts;
    let isLeft = false;
    try {
      const made = await this.#make(job);
      job.signal.throwIfAborted(); // nothing is stored yet: who left does not pay
      return await this.#deliver(job, made);
    } catch (error) {
      isLeft = error instanceof LeftForNextStart;
      if (isLeft) throw error;
      const failure = error instanceof ApiError ? error : diskFailure(error);
      await this.#discard(job, job.caller?.aborted === true ? new JobCancelled() : failure);
      throw failure;
    } finally {
      for (const role of isLeft ? [] : SOURCE_ROLES) {
        await rm(results.sourcePathOf(job.ticket.random, role), { force: true });
      }
    }
  }

  /** Let the engine make the result; while there is none, a job that nobody waits for queues again. */
  async #make(job: Carried): Promise<EngineResult> {
    for (let { state } = job; ; state = 'queued') {
      const release = await this.#awaitSlot({ ...job, state });
      try {
        return await this.#infer(job);
      } catch (error) {
        const isOutage = error instanceof ApiError && error.details.isOutage === true;
        if (!isOutage || job.priority === 'interactive') throw error;
        this.#parts.log.warn('engine-awaited', { jobId: job.ticket.id });
        this.#parts.ledger.requeue(job.ticket.id);
      } finally {
        release();
      }
    }
  }

  /** Bring the sources, then wait for a slot. @returns What gives the slot back. */
  async #awaitSlot(job: Carried): Promise<() => void> {
    const { ledger, queue, staging } = this.#parts;
    const { ticket, priority, waitSignal } = job;
    const turn = { accountId: ticket.accountId, jobId: ticket.id, priority };
    const unstage =
      priority === 'interactive' ? undefined : await staging.acquire(turn, waitSignal);
    try {
      for (const source of job.sources) await this.#bringSource(job, source);
      if (job.state === 'reserved') ledger.advance(ticket.id, 'queued');
      return await queue.acquire(turn, waitSignal);
    } catch (error) {
      throw waitSignal.aborted ? waitSignal.reason : error;
    } finally {
      unstage?.();
    }
  }

  async #bringSource(job: Carried, { role, url }: JobSource): Promise<void> {
    const { ticket, priority, waitSignal } = job;
    const { results, fetcher } = this.#parts;
    const path = results.sourcePathOf(ticket.random, role);
    if (job.state === 'queued' && existsSync(path)) return;
    await rm(path, { force: true });
    waitSignal.throwIfAborted();
    await fetcher.fetchTo(url, ticket.accountId, path, waitSignal).catch((error: unknown) => {
      throw ofSource(role, error);
    });
    // `queued` promises that the source is there, also after a power cut.
    if (priority !== 'interactive') await syncToDisk(path);
  }

  async #infer(job: Carried): Promise<EngineResult> {
    const { ledger, engine, results, active, runTimes, deadlineMs } = this.#parts;
    const { ticket, plan, signal } = job;
    ledger.advance(ticket.id, 'running');
    const task = {
      taskId: ticket.id,
      operation: plan.engineOperation,
      packId: plan.packId,
      sourcePath: results.sourcePathOf(ticket.random),
      ...(job.sources.some(({ role }) => role === 'background')
        ? { backgroundPath: results.sourcePathOf(ticket.random, 'background') }
        : {}),
      outputStem: join(results.stagingFolder, ticket.random),
      isWatermarked: plan.isWatermarked,
    };
    const onProgress = (fraction: number) => active.progress(ticket.id, fraction);
    const startedMs = performance.now();
    try {
      const made = await engine.run(task, { signal, deadlineMs, onProgress });
      runTimes.note(plan.operation, performance.now() - startedMs);
      return made;
    } catch (error) {
      if (error instanceof LeftForNextStart) ledger.requeue(ticket.id);
      throw error;
    }
  }

  async #deliver({ ticket, plan }: Carried, made: EngineResult): Promise<JobResult> {
    const { ledger, results } = this.#parts;
    const { result, files } = resultOf({ ticket, plan, made, results });
    this.#withRoom(() => ledger.publishing(ticket, result, files));
    for (const { stagedPath, name } of files) await results.publish(stagedPath, name);
    this.#withRoom(() => ledger.settle(ticket.id, ticket.accountId));
    return result;
  }

  /** Write, and once more when the disk was full and room could be made. */
  #withRoom(write: () => void): void {
    try {
      write();
    } catch (error) {
      if (!isOutOfRoom(error) || !this.#parts.makeRoom()) throw error;
      this.#parts.log.warn('ballast-released', errorFields(error));
      write();
    }
  }

  /** Try again what could not be voided; called now and then. */
  retryVoids(): void {
    for (const [jobId, { accountId, reason }] of [...this.#unvoided]) {
      this.void(jobId, accountId, reason);
    }
  }

  /** Undo a failed job: its files, then its reservation, the one whatever becomes of the other. */
  async #discard({ ticket, plan }: Carried, reason: unknown): Promise<void> {
    const { results, log } = this.#parts;
    await results.discard(plan.resultKind, ticket.random).catch((error: unknown) => {
      log.error('job-files-not-removed', { jobId: ticket.id, ...errorFields(error) });
    });
    this.void(ticket.id, ticket.accountId, reason);
  }

  /** Give a job's credits back; what cannot be written now is tried again later. */
  void(jobId: string, accountId: string, reason: unknown): void {
    try {
      this.#withRoom(() => this.#parts.ledger.void(jobId, accountId, reason));
      this.#unvoided.delete(jobId);
    } catch (error) {
      this.#unvoided.set(jobId, { accountId, reason });
      this.#parts.log.error('job-not-voided', { jobId, ...errorFields(error) });
    }
  }
}
