/**
 * One thread of an engine process and the packs in its memory. Each lane has sessions of its own; which packs they
 * are is known here, so that a task can be sent to a lane that has its pack already.
 */
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type { WorkerAnswer, WorkerJob, WorkerNote, WorkerSetup } from './worker.ts';

const isTypeScript = import.meta.url.endsWith('.ts');
const WORKER = fileURLToPath(
  new URL(isTypeScript ? './worker.ts' : './worker.js', import.meta.url),
);

/** What is known of a pack in a lane. Times are of `performance.now()`. */
export interface HeldPack {
  readonly loadedMs: number;
  lastUsedMs: number;
  uses: number;
  /** Whether it goes as soon as the lane is free. */
  isDoomed: boolean;
}

/** A thread. */
export class Lane {
  readonly number: number;
  /** Packs that are there, or on their way in. */
  readonly packs = new Map<string, HeldPack>();
  /** Whether it is at work; set by who gives it the work. */
  isBusy = false;
  readonly #pool: Piscina<WorkerJob, WorkerAnswer>;

  constructor(number: number, setup: WorkerSetup, onNote: (note: WorkerNote) => void) {
    this.number = number;
    this.#pool = new Piscina({
      filename: WORKER,
      minThreads: 1,
      maxThreads: 1,
      concurrentTasksPerWorker: 1,
      idleTimeout: Number.POSITIVE_INFINITY,
      workerData: setup,
      ...(isTypeScript ? { execArgv: ['--import', 'tsx'] } : {}),
    });
    this.#pool.on('message', onNote);
  }

  /** Do one job; a thread that died had nothing any more, and has a successor. */
  async run(job: WorkerJob): Promise<WorkerAnswer> {
    try {
      return await this.#pool.run(job);
    } catch (error) {
      this.packs.clear();
      const message = error instanceof Error ? error.message : String(error);
      return { ok: false, kind: 'internal', message };
    }
  }
}
