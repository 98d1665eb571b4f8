/**
 * Takes in an upload: looks into it in the engine, then keeps it. Free of credits, but it waits for
 * a slot like any job, so that uploads never take one from a paid job.
 */
import assert from 'node:assert/strict';
import type { KeptUpload, UploadStore } from '../results/upload-store.ts';
import { randomId } from '../store/random-id.ts';
import type { Admission } from './admission.ts';
import { type EngineTurnParts, runInTurn } from './engine-turn.ts';
import type { PixelSize } from './job.ts';

/** What the intake is made of. */
export interface UploadIntakeParts extends EngineTurnParts {
  readonly admission: Admission;
  readonly uploads: Pick<UploadStore, 'keep'>;
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
    const task = {
      taskId: randomId('inspect'),
      operation: { operation: 'inspect' as const },
      sourcePath: file.path,
      outputStem: file.path,
    };
    const { source } = await runInTurn(this.#parts, file.accountId, task, caller);
    assert(source !== undefined);
    return source;
  }
}
