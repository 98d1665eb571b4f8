/**
 * Whether one more job may be taken: asked before credits are reserved, so that a refusal costs
 * nothing. Counts the jobs of this process, and lets a stop wait for them.
 */
import { overloaded, shuttingDown, storageFull, tooManyConcurrentRequests } from '../errors.ts';

/** Limits of what may be in progress. */
export interface AdmissionLimits {
  /** Jobs running, waiting or fetching their source, of all accounts. */
  readonly maxJobs: number;
  readonly maxJobsPerAccount: number;
  readonly minFreeBytes: number;
}

/** Seconds after which a refused caller may try again. */
const RETRY_AFTER_S = 5;

/** Counts jobs in progress and refuses what is over a limit. */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #freeBytes: () => Promise<number>;
  readonly #inProgress = new Map<string, number>();
  readonly #onIdle: (() => void)[] = [];
  #total = 0;
  #isDraining = false;

  constructor(limits: AdmissionLimits, freeBytes: () => Promise<number>) {
    this.#limits = limits;
    this.#freeBytes = freeBytes;
  }

  /** Whether the server is stopping. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Jobs in progress. */
  get count(): number {
    return this.#total;
  }

  /**
   * Take one job of an account.
   * @returns A function to call once when the job has ended.
   * @throws ApiError `shutting_down`, `overloaded`, `too_many_concurrent_requests`, `storage_full`.
   */
  readmit(accountId: string): (count?: number) => void {
    return this.#enter(accountId);
  }

  async admit(accountId: string, _kind = 'sync', _count = 1): Promise<(count?: number) => void> {
    const leave = this.#enter(accountId);
    try {
      if ((await this.#freeBytes()) < this.#limits.minFreeBytes) throw storageFull();
      return leave;
    } catch (error) {
      leave();
      throw error;
    }
  }

  /** Refuse new jobs from now on and wait for those in progress. */
  drain(): Promise<void> {
    this.#isDraining = true;
    if (this.#total === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onIdle.push(resolve);
    });
  }

  #enter(accountId: string): () => void {
    if (this.#isDraining) throw shuttingDown();
    const count = this.#inProgress.get(accountId) ?? 0;
    if (count >= this.#limits.maxJobsPerAccount) throw tooManyConcurrentRequests(RETRY_AFTER_S);
    if (this.#total >= this.#limits.maxJobs) throw overloaded(RETRY_AFTER_S);
    this.#inProgress.set(accountId, count + 1);
    this.#total += 1;
    let hasLeft = false;
    return () => {
      if (hasLeft) return;
      hasLeft = true;
      this.#leave(accountId);
    };
  }

  #leave(accountId: string): void {
    const count = (this.#inProgress.get(accountId) ?? 1) - 1;
    if (count > 0) this.#inProgress.set(accountId, count);
    else this.#inProgress.delete(accountId);
    this.#total -= 1;
    if (this.#total === 0) for (const resolve of this.#onIdle.splice(0)) resolve();
  }
}
