/**
 * Whether more jobs may be taken: asked before the body is read and again before credits are reserved,
 * so that a refusal costs nothing. Counts the jobs of this process, and lets a stop wait for those that
 * a caller waits for. Jobs in the background have caps of their own: nobody is on the line for them.
 */
import { overloaded, shuttingDown, storageFull, tooManyConcurrentRequests } from '../errors.ts';

/** Whether a caller waits on the line. */
export type JobKind = 'sync' | 'async';

/** Jobs that may be in progress: waiting, fetching their source, or running. */
export interface JobCaps {
  readonly maxJobs: number;
  readonly maxJobsPerAccount: number;
}

/** Limits of what may be in progress. */
export interface AdmissionLimits {
  readonly sync: JobCaps;
  readonly async: JobCaps;
  /** Milliseconds a caller on the line may be expected to wait for a slot. */
  readonly maxWaitMs: number;
  readonly minFreeBytes: number;
}

/** What admission looks at. */
export interface AdmissionParts {
  readonly limits: AdmissionLimits;
  readonly freeBytes: () => Promise<number>;
  /** Milliseconds a new job of a caller on the line would wait for a slot. */
  readonly expectedWaitMs: () => number;
}

/** Says that jobs have ended, one unless told otherwise. */
export type Leave = (count?: number) => void;

/** Seconds after which a refused caller may try again. */
const RETRY_AFTER_S = 5;

class Count {
  readonly #perAccount = new Map<string, number>();
  total = 0;

  of(accountId: string): number {
    return this.#perAccount.get(accountId) ?? 0;
  }

  add(accountId: string, count: number): void {
    const left = this.of(accountId) + count;
    if (left > 0) this.#perAccount.set(accountId, left);
    else this.#perAccount.delete(accountId);
    this.total += count;
  }
}

/** Counts jobs in progress and refuses what is over a limit. */
export class Admission {
  readonly #parts: AdmissionParts;
  readonly #counts: Readonly<Record<JobKind, Count>> = { sync: new Count(), async: new Count() };
  readonly #onIdle: (() => void)[] = [];
  #isDraining = false;

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
  }

  /** Whether the server is stopping. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Jobs in progress that a caller waits for. */
  get count(): number {
    return this.#counts.sync.total;
  }

  /**
   * Refuse early what `admit` would refuse now; takes nothing.
   * @throws ApiError `shutting_down`, `overloaded`, `too_many_concurrent_requests`.
   */
  precheck(accountId: string, kind: JobKind, count = 1): void {
    if (this.#isDraining) throw shuttingDown();
    const { limits, expectedWaitMs } = this.#parts;
    const { maxJobs, maxJobsPerAccount } = limits[kind];
    const counts = this.#counts[kind];
    if (counts.of(accountId) + count > maxJobsPerAccount) {
      throw tooManyConcurrentRequests(RETRY_AFTER_S);
    }
    if (counts.total + count > maxJobs) throw overloaded(RETRY_AFTER_S);
    const overMs = kind === 'sync' ? expectedWaitMs() - limits.maxWaitMs : 0;
    if (overMs > 0) throw overloaded(Math.max(1, Math.ceil(overMs / 1000)));
  }

  /**
   * Take jobs of an account, all or none.
   * @returns A function to call for each that has ended.
   * @throws ApiError `shutting_down`, `overloaded`, `too_many_concurrent_requests`, `storage_full`.
   */
  async admit(accountId: string, kind: JobKind, count = 1): Promise<Leave> {
    this.precheck(accountId, kind, count);
    const leave = this.#enter(accountId, kind, count);
    try {
      const { freeBytes, limits } = this.#parts;
      if ((await freeBytes()) < limits.minFreeBytes) throw storageFull();
      return leave;
    } catch (error) {
      leave(count);
      throw error;
    }
  }

  /** Count a job in the background that an earlier start had admitted. */
  readmit(accountId: string): Leave {
    return this.#enter(accountId, 'async', 1);
  }

  /** Refuse new jobs from now on and wait for those that a caller waits for. */
  drain(): Promise<void> {
    this.#isDraining = true;
    if (this.count === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onIdle.push(resolve);
    });
  }

  #enter(accountId: string, kind: JobKind, count: number): Leave {
    const counts = this.#counts[kind];
    counts.add(accountId, count);
    let inside = count;
    return (leaving = 1) => {
      const out = Math.min(leaving, inside);
      inside -= out;
      counts.add(accountId, -out);
      if (this.count === 0) for (const resolve of this.#onIdle.splice(0)) resolve();
    };
  }
}
