/**
 * Server-sent events of jobs (WHATWG HTML, section 9.2). Every state a job enters is an event with a
 * number; a caller who reconnects with `Last-Event-ID` gets all it missed. Progress has no number: what
 * is missed of it does not matter. The last event carries the job with its result, then the stream ends.
 */
import type { Request, Response } from 'express';
import { wireTime } from '../contract/responses.ts';
import { invalidRequest, tooManyConcurrentRequests } from '../errors.ts';
import { hasEnded, type JobBook, publicState } from '../jobs/job-book.ts';
import { wireJob } from './wire-job.ts';

/** How streams behave. */
export interface EventStreamsOptions {
  readonly book: JobBook;
  /** Streams one account may have open. */
  readonly maxPerAccount: number;
  readonly heartbeatMs: number;
}

interface Watched {
  readonly accountId: string;
  readonly jobId: string;
}

const RETRY_AFTER_S = 5;
/** Progress is told at most this often. */
const PROGRESS_PERIOD_MS = 250;
/** Bytes a slow reader may have waiting before progress is left out. */
const MAX_WAITING_BYTES = 64 * 1024;

function lastEventId(req: Request): number {
  const text = req.header('last-event-id');
  if (text === undefined || text === '') return 0;
  if (!/^\d{1,9}$/.test(text)) {
    throw invalidRequest('Expected the id of an earlier event for Last-Event-ID.');
  }
  return Number(text);
}

/** Opens streams and bounds them. */
export class EventStreams {
  readonly #options: EventStreamsOptions;
  readonly #open = new Map<string, number>();
  readonly #responses = new Set<Response>();

  constructor(options: EventStreamsOptions) {
    this.#options = options;
  }

  /**
   * Send a job's events until it ends or the caller leaves.
   * @throws ApiError `invalid_request`, `too_many_concurrent_requests`.
   */
  open(req: Request, res: Response, watched: Watched): void {
    const { maxPerAccount, heartbeatMs } = this.#options;
    const seq = lastEventId(req);
    const { accountId } = watched;
    const count = this.#open.get(accountId) ?? 0;
    if (count >= maxPerAccount) throw tooManyConcurrentRequests(RETRY_AFTER_S);
    this.#open.set(accountId, count + 1);
    this.#responses.add(res);
    res.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store',
      'X-Accel-Buffering': 'no',
    });
    const heartbeat = setInterval(() => res.write(': still here\n\n'), heartbeatMs);
    const unwatch = this.#follow(res, watched, seq);
    res.once('close', () => {
      clearInterval(heartbeat);
      unwatch();
      this.#responses.delete(res);
      const left = (this.#open.get(accountId) ?? 1) - 1;
      if (left > 0) this.#open.set(accountId, left);
      else this.#open.delete(accountId);
    });
  }

  /** End every stream; their readers reconnect to the next start. */
  closeAll(): void {
    for (const res of this.#responses) res.end();
  }

  #follow(res: Response, watched: Watched, after: number): () => void {
    const { book } = this.#options;
    let seq = after;
    let progressAtMs = Number.NEGATIVE_INFINITY;
    const sendStates = () => {
      for (const event of book.eventsAfter(watched.jobId, seq)) {
        seq = event.seq;
        this.#sendState(res, watched, event);
      }
      // Asked for from the last event on, or from one that never was: there is nothing more to come.
      if (hasEnded(book.view(watched.accountId, watched.jobId).state)) res.end();
    };
    const sendProgress = () => {
      const now = performance.now();
      if (now - progressAtMs < PROGRESS_PERIOD_MS || res.writableLength > MAX_WAITING_BYTES) return;
      progressAtMs = now;
      const { progress } = wireJob(book.view(watched.accountId, watched.jobId));
      res.write(`event: progress\ndata: ${JSON.stringify({ progress })}\n\n`);
    };
    const unwatch = book.watch(watched.jobId, (news) => {
      if (news === 'state') sendStates();
      else sendProgress();
    });
    sendStates();
    return unwatch;
  }

  #sendState(
    res: Response,
    { accountId, jobId }: Watched,
    event: ReturnType<JobBook['eventsAfter']>[number],
  ): void {
    if (res.writableEnded) return;
    const job = this.#options.book.view(accountId, jobId);
    // Only the last event of a job can be final, so the job's own state tells which end it was.
    const isFinal = event.state === 'settled' || event.state === 'voided';
    const state = isFinal ? job.state : publicState(event.state, null);
    const data = {
      id: jobId,
      state,
      at: wireTime(event.createdAt),
      ...(isFinal ? { job: wireJob(job) } : {}),
    };
    res.write(`id: ${event.seq}\nevent: state\ndata: ${JSON.stringify(data)}\n\n`);
  }
}
