/**
 * The paid calls of every interface: `run` waits for the result on the line, `submit` answers at once
 * and carries the jobs in the background, `resume` takes up what the last stop left, `cancel` ends
 * a job. All of them admit, reserve and let the runner carry.
 */
import { ApiError, inItem, shuttingDown } from '../errors.ts';
import type { SourceFetcher } from '../fetching/source-fetcher.ts';
import { errorFields, type Log } from '../observability/log.ts';
import type { JobRow } from '../store/jobs-table.ts';
import { type ActiveJobs, LeftForNextStart } from './active-jobs.ts';
import type { Admission, JobKind, Leave } from './admission.ts';
import type { IdempotencyToken } from './idempotency.ts';
import { JobCancelled, type JobRequest, type JobResult, type Payer } from './job.ts';
import type { JobLedger } from './job-ledger.ts';
import type { Carried, JobRunner } from './job-runner.ts';
import { type JobSource, sourcesOf } from './job-sources.ts';
import { type JobTicket, ticketOf } from './job-ticket.ts';
import type { JobOrder, JobPlan } from './plan.ts';
import { withSignals } from './with-signals.ts';

/** What the service is made of. */
export interface JobServiceParts {
  /** Finds price and pack. @throws ApiError `model_unavailable`. */
  readonly plan: (request: JobRequest, payer: Payer) => JobPlan;
  readonly costOf: (request: JobRequest, payer: Payer) => number;
  readonly admission: Admission;
  readonly ledger: JobLedger;
  readonly runner: JobRunner;
  readonly active: ActiveJobs;
  readonly fetcher: Pick<SourceFetcher, 'prepare'>;
  readonly log: Log;
  readonly now: () => number;
  /** Time a synchronous call may take in all. */
  readonly deadlineMs: number;
  /** Time from its making after which a job in the background is given up. */
  readonly asyncDeadlineMs: number;
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

/** How jobs are given to the background. */
export interface SubmitOptions {
  readonly idempotency?: IdempotencyToken | undefined;
  /** Make them one batch, of lower priority. */
  readonly batchId?: string | undefined;
}

/** Jobs in the background. */
export interface Submitted {
  readonly jobIds: readonly string[];
  readonly isReplay: boolean;
}

interface PreparedOrder extends JobOrder {
  readonly sources: readonly JobSource[];
}

/** Runs paid calls. */
export class JobService {
  readonly #parts: JobServiceParts;
  /** Ends everything. */
  readonly #stopping = new AbortController();
  /** Ends the waiting of what the next start takes up again. */
  readonly #leaving = new AbortController();
  /** Ends what runs in the background; the next start takes it up again. */
  readonly #leavingAll = new AbortController();
  readonly #background = new Set<Promise<void>>();

  constructor(parts: JobServiceParts) {
    this.#parts = parts;
  }

  /**
   * Carry out a request to its settled end while the caller waits.
   * @throws ApiError; whatever its code, nothing was charged.
   */
  async run(request: JobRequest, payer: Payer, options: RunOptions): Promise<RunOutcome> {
    const { ledger, admission, runner, active, deadlineMs } = this.#parts;
    const delivered = ledger.earlierCalls.delivered(payer, options.idempotency);
    if (delivered !== undefined) return { result: delivered, isReplay: true };
    this.#assertAcceptable([request], payer);
    const order = this.#order(request, payer);
    const leave = await admission.admit(payer.accountId, 'sync');
    try {
      const ticket = ledger.reserve(order, payer, { token: options.idempotency });
      const result = await active.track(ticket.id, (cancel) => {
        const timeout = AbortSignal.timeout(deadlineMs);
        const sources = [options.signal, cancel, timeout, this.#stopping.signal];
        return withSignals(sources, (signal) =>
          runner.carry({
            ...{ ...order, ticket, priority: 'interactive', state: 'reserved' },
            ...{ signal, waitSignal: signal, caller: options.signal },
          }),
        );
      });
      return { result, isReplay: false };
    } finally {
      leave();
    }
  }

  /**
   * Reserve jobs and carry them in the background, all of them or none.
   * @returns Their ids, in the order of the requests; of the earlier call when it is a replay.
   * @throws ApiError; nothing was charged.
   */
  async submit(
    requests: readonly JobRequest[],
    payer: Payer,
    options: SubmitOptions = {},
  ): Promise<Submitted> {
    const { ledger, admission } = this.#parts;
    const earlier = ledger.earlierCalls.find(payer, options.idempotency);
    if (earlier !== undefined) return { jobIds: [earlier.id], isReplay: true };
    this.#assertAcceptable(requests, payer, options.batchId);
    const orders = requests.map((request) => this.#order(request, payer));
    const leave = await admission.admit(payer.accountId, 'async', orders.length);
    let tickets: readonly JobTicket[];
    try {
      const { idempotency: token, batchId } = options;
      tickets = ledger.reserveAll(orders, payer, { token, batchId, isAsync: true });
    } catch (error) {
      leave(orders.length);
      throw error;
    }
    const priority = options.batchId === undefined ? 'async' : 'batch';
    tickets.forEach((ticket, index) => {
      const order = orders[index];
      if (order === undefined) return;
      this.#carryInBackground({ ...order, ticket, priority, state: 'reserved' }, leave);
    });
    return { jobIds: tickets.map(({ id }) => id), isReplay: false };
  }

  /** Take up a job that the last stop left; one that can no longer be planned is voided. */
  resume(job: JobRow): void {
    const { ledger, admission, runner, log } = this.#parts;
    const ticket = ticketOf(job);
    try {
      const request = JSON.parse(job.requestJson) as JobRequest;
      const { accountId, keyId } = job;
      const order = this.#order(request, { accountId, keyId, isSandbox: job.isSandbox === 1 });
      if (job.state === 'running' || job.state === 'published') ledger.requeue(job.id);
      const state = job.state === 'reserved' ? 'reserved' : 'queued';
      const priority = job.batchId === null ? 'async' : 'batch';
      const leave = admission.readmit(job.accountId);
      this.#carryInBackground({ ...order, ticket, priority, state }, leave);
    } catch (error) {
      log.warn('job-not-resumed', { jobId: job.id, ...errorFields(error) });
      runner.void(job.id, job.accountId, error);
    }
  }

  /**
   * Refuse early, before a body is read, what would be refused for want of room.
   * @throws ApiError `shutting_down`, `overloaded`, `too_many_concurrent_requests`.
   */
  precheck(accountId: string, kind: JobKind): void {
    this.#parts.admission.precheck(accountId, kind);
  }

  /**
   * End a job; one that has ended already stays as it is.
   * @returns When it has ended.
   */
  cancel(jobId: string): Promise<void> {
    return this.#parts.active.stop(jobId, new JobCancelled());
  }

  /** Fail every synchronous job in progress with `shutting_down`, and leave the rest to the next start. */
  abortAll(): void {
    this.#stopping.abort(shuttingDown());
    this.#leavingAll.abort(new LeftForNextStart());
  }

  /** Leave what waits in the background to the next start, and let what runs there end. */
  async drain(): Promise<void> {
    this.#leaving.abort(new LeftForNextStart());
    while (this.#background.size > 0) await Promise.all(this.#background);
  }

  /** Try again what could not be voided; called now and then. */
  retryVoids(): void {
    this.#parts.runner.retryVoids();
  }

  #order(request: JobRequest, payer: Payer): PreparedOrder {
    const sources = this.#sourcesOf(request, payer.accountId);
    return { request, sources, plan: this.#parts.plan(request, payer) };
  }

  #sourcesOf(request: JobRequest, accountId: string): readonly JobSource[] {
    return sourcesOf(request, (address) => this.#parts.fetcher.prepare(address, accountId));
  }

  /** Refuse a wrong source first, by its item in a batch, then a short balance, before a missing pack. */
  #assertAcceptable(requests: readonly JobRequest[], payer: Payer, batchId?: string): void {
    const { accountId } = payer;
    const { ledger, costOf } = this.#parts;
    for (const [index, request] of requests.entries()) {
      try {
        this.#sourcesOf(request, accountId);
      } catch (error) {
        throw batchId === undefined ? error : inItem(index, error);
      }
    }
    const cost = requests.reduce((sum, request) => sum + costOf(request, payer), 0);
    ledger.assertAffordable(accountId, cost);
  }

  #carryInBackground(job: Omit<Carried, 'signal' | 'waitSignal'>, leave: Leave): void {
    const { active, runner, log, now, asyncDeadlineMs } = this.#parts;
    const leftMs = Math.max(0, job.ticket.createdAtMs + asyncDeadlineMs - now());
    const work = active
      .track(job.ticket.id, async (cancel) => {
        const timeout = AbortSignal.timeout(leftMs);
        await withSignals([cancel, timeout, this.#leavingAll.signal], (signal) =>
          withSignals([signal, this.#leaving.signal], (waitSignal) =>
            runner.carry({ ...job, signal, waitSignal }),
          ),
        );
      })
      .catch((error: unknown) => {
        // The failure is in the job's row; what is not the caller's is also told here.
        if (error instanceof LeftForNextStart) return;
        if (error instanceof ApiError && error.status < 500) return;
        log.error('background-job-failed', { jobId: job.ticket.id, ...errorFields(error) });
      })
      .finally(() => {
        leave();
        this.#background.delete(work);
      });
    this.#background.add(work);
  }
}
