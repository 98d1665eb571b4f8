/**
 * Measures a picture that a caller names. Free of credits, but it is admitted, fetched and queued like a paid
 * call that waits on the line: nobody burns the engine, the disk or the network by asking for nothing else.
 */
import assert from 'node:assert/strict';
import { rm, stat } from 'node:fs/promises';
import type { PictureFigures } from '../engine/picture-figures.ts';
import type { SourceFetcher } from '../fetching/source-fetcher.ts';
import type { ResultStore } from '../results/result-store.ts';
import { randomId, randomName } from '../store/random-id.ts';
import type { Admission } from './admission.ts';
import { type EngineTurnParts, runInTurn } from './engine-turn.ts';
import type { PixelSize } from './job.ts';

/** What the measurer is made of. */
export interface PictureMeasurerParts extends EngineTurnParts {
  readonly admission: Admission;
  readonly fetcher: Pick<SourceFetcher, 'prepare' | 'fetchTo'>;
  readonly results: Pick<ResultStore, 'sourcePathOf'>;
  /** The pack that finds the dish; undefined when none is installed. */
  readonly segmenterId: () => string | undefined;
}

/** A measured file. */
export interface Measurement extends PixelSize {
  readonly bytes: number;
  readonly figures: PictureFigures;
}

/** Measures pictures. */
export class PictureMeasurer {
  readonly #parts: PictureMeasurerParts;

  constructor(parts: PictureMeasurerParts) {
    this.#parts = parts;
  }

  /**
   * Refuse early what `measure` would refuse now, before a body is read.
   * @throws ApiError `shutting_down`, `overloaded`, `too_many_concurrent_requests`.
   */
  precheck(accountId: string): void {
    this.#parts.admission.precheck(accountId, 'sync');
  }

  /**
   * Fetch a picture and measure it; nothing of it is kept.
   * @throws ApiError `invalid_image_url`, `invalid_image`, `overloaded`, `too_many_concurrent_requests`,
   *   `storage_full`, `shutting_down`, `internal_error`; the signal's reason when it fired.
   */
  async measure(imageUrl: string, accountId: string, caller: AbortSignal): Promise<Measurement> {
    const { admission, fetcher, results } = this.#parts;
    const url = fetcher.prepare(imageUrl, accountId);
    const leave = await admission.admit(accountId, 'sync');
    const path = results.sourcePathOf(randomName());
    try {
      await fetcher.fetchTo(url, accountId, path, caller);
      return await this.#inspect(path, accountId, caller);
    } finally {
      await rm(path, { force: true });
      leave();
    }
  }

  async #inspect(path: string, accountId: string, caller: AbortSignal): Promise<Measurement> {
    const packId = this.#parts.segmenterId();
    const task = {
      taskId: randomId('measure'),
      operation: { operation: 'measure' as const },
      ...(packId === undefined ? {} : { packId }),
      sourcePath: path,
      outputStem: path,
    };
    const { source, figures } = await runInTurn(this.#parts, accountId, task, caller);
    assert(source !== undefined && figures !== undefined);
    return { ...source, bytes: (await stat(path)).size, figures };
  }
}
