/**
 * Takes in an upload: looks into it in the engine, then keeps it. Free of credits, but it waits for
 * a slot like any job, so that uploads never take one from a paid job.
 */
import assert from 'node:assert/strict';
import type { Engine } from '../engine/engine-pool.ts';
import type { KeptUpload, UploadStore } from '../results/upload-store.ts';
import { randomId } from '../store/random-id.ts';
import type { Admission } from './admission.ts';
import type { FairQueue } from './fair-queue.ts';
import type { PixelSize } from './job.ts';

/** What the intake is made of. */
export interface UploadIntakeParts {
  readonly admission: Admission;
  readonly queue: FairQueue;
  readonly engine: Pick<Engine, 'run'>;
  readonly uploads: Pick<UploadStore, 'keep'>;
  readonly deadlineMs: number;
  readonly now: () => number;
}

/** A file that has arrived in the staging folder. */
export interface ArrivedFile {
  readonly path: string;
  readonly bytes: number;
  readonly accountId: string;
}

/** Takes in uploads. */
export class UploadIntake {
  readonly #parts: UploadIntakeParts;

  constructor(parts: UploadIntakeParts) {
    this.#parts = parts;
  }

  /**
   * Look into a file and keep it.
   * @throws ApiError `invalid_image`, `overloaded`, `too_many_concurrent_requests`, `storage_full`,
   *   `shutting_down`; the signal's reason when it fired.
   */
  async take(file: ArrivedFile, caller: AbortSignal): Promise<KeptUpload & PixelSize> {
    const { admission, uploads, now } = this.#parts;
    const leave = await admission.admit(file.accountId, 'sync');
    try {
      const size = await this.#inspect(file, caller);
      return { ...(await uploads.keep({ ...file, ...size }, now())), ...size };
    } finally {
      leave();
    }
  }

  async #inspect(file: ArrivedFile, caller: AbortSignal): Promise<PixelSize> {
    const { queue, engine, deadlineMs } = this.#parts;
    const signal = AbortSignal.any([caller, AbortSignal.timeout(deadlineMs)]);
    const taskId = randomId('inspect');
    const release = await queue.acquire(
      { accountId: file.accountId, jobId: taskId, priority: 'interactive' },
      signal,
    );
    try {
      const task = {
        taskId,
        operation: { operation: 'inspect' as const },
        sourcePath: file.path,
        outputStem: file.path,
      };
      const { source } = await engine.run(task, { signal, deadlineMs });
      assert(source !== undefined);
      return source;
    } finally {
      release();
    }
  }
}
