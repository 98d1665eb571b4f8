/**
 * The jobs that this process is carrying: how to stop each, how far it is, when it has ended, and who
 * wants to be told. What must outlive the process is in the database; nothing here must.
 */

/** Why a job is left as it is: the process ends, and the next one takes it up again. */
export class LeftForNextStart extends Error {
  override readonly name = 'LeftForNextStart';
}

interface ActiveJob {
  readonly controller: AbortController;
  readonly ended: Promise<void>;
  /** Share done, 0 to 1. */
  progress: number;
}

/** What happened to a job: it entered a state, or got further in one. */
export type JobNews = 'state' | 'progress';

/** Keeps track of running work. */
export class ActiveJobs {
  readonly #jobs = new Map<string, ActiveJob>();
  readonly #listeners = new Map<string, Set<(news: JobNews) => void>>();

  /** Jobs in progress. */
  get count(): number {
    return this.#jobs.size;
  }

  /**
   * Carry a job, so that it can be stopped and waited for.
   * @param work Gets a signal that fires with the reason given to `stop`.
   */
  async track<T>(jobId: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    let end = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    this.#jobs.set(jobId, { controller, ended, progress: 0 });
    try {
      return await work(controller.signal);
    } finally {
      this.#jobs.delete(jobId);
      end();
    }
  }

  /** Ask a job to stop and wait for its end; does nothing when it is not carried here. */
  async stop(jobId: string, reason: Error): Promise<void> {
    const job = this.#jobs.get(jobId);
    job?.controller.abort(reason);
    await job?.ended;
  }

  /** Share done of a job, 0 to 1. */
  progressOf(jobId: string): number {
    return this.#jobs.get(jobId)?.progress ?? 0;
  }

  /** Note how far a job is. */
  progress(jobId: string, fraction: number): void {
    const job = this.#jobs.get(jobId);
    if (job === undefined) return;
    job.progress = Math.min(1, Math.max(job.progress, fraction));
    this.tell(jobId, 'progress');
  }

  /** Tell whoever watches a job. */
  tell(jobId: string, news: JobNews): void {
    for (const listener of this.#listeners.get(jobId) ?? []) listener(news);
  }

  /** Watch a job. @returns A function that ends it. */
  watch(jobId: string, listener: (news: JobNews) => void): () => void {
    const listeners = this.#listeners.get(jobId) ?? new Set();
    this.#listeners.set(jobId, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(jobId) === listeners) {
        this.#listeners.delete(jobId);
      }
    };
  }
}
