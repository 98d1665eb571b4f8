/** Brings one file from source to result: skipped when that is done, else made, delivered, noted. */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { failureOf } from './failure.ts';
import type { Done, Journal, SourceState } from './journal.ts';
import type { OutFolder } from './out-folder.ts';
import type { FileOutcome } from './report.ts';
import type { RunTask } from './request.ts';
import type { Source } from './sources.ts';
import type { Workshop } from './workshop.ts';

/** What files are run with. */
export interface FileRunnerParts {
  readonly task: RunTask;
  readonly workshop: Workshop;
  readonly journal: Journal;
  readonly out: OutFolder;
  /** Do also what is done. */
  readonly isForced: boolean;
}

/** Runs files. */
export class FileRunner {
  readonly #parts: FileRunnerParts;

  constructor(parts: FileRunnerParts) {
    this.#parts = parts;
  }

  /** Run one file, which has a name in the journal; whatever happens to it is in the outcome. */
  async run({ path }: Source): Promise<FileOutcome> {
    try {
      const stat = await lstat(path);
      const state = { bytes: stat.size, modifiedMs: stat.mtimeMs };
      const done = this.#parts.journal.doneOf(this.#parts.task.operation, path);
      if (done !== undefined && (await this.#isCurrent(done, state))) {
        return { state: 'skipped', source: path, output: done.output };
      }
      return await this.#make(path, state);
    } catch (error) {
      return { state: 'failed', source: path, ...failureOf(error) };
    }
  }

  /** Whether the result of this source and these options lies there, no shorter than it was. */
  async #isCurrent(done: Done, state: SourceState): Promise<boolean> {
    const { task, out, isForced } = this.#parts;
    if (isForced || done.options !== task.optionsHash) return false;
    if (done.bytes !== state.bytes || done.modifiedMs !== state.modifiedMs) return false;
    const stat = await lstat(join(out.path, done.output)).catch(() => undefined);
    return stat?.isFile() === true && stat.size === done.outputBytes;
  }

  async #make(source: string, state: SourceState): Promise<FileOutcome> {
    const { task, workshop, journal, out } = this.#parts;
    const { operation, optionsHash: options } = task;
    const stem = journal.stemOf(operation, source);
    if (stem === undefined) throw new Error(`No name was given to ${source}.`);
    const startedMs = performance.now();
    const made = await workshop.make(source);
    try {
      const { format, size } = made.result.images[0];
      const { output, bytes, sha256 } = await out.deliver(made.path, `${stem}.${format}`);
      await journal.finish({
        ...{ operation, source, ...state, options },
        ...{ output, outputBytes: bytes, sha256 },
      });
      const tookMs = performance.now() - startedMs;
      return { state: 'done', source, output, sha256, ...size, tookMs };
    } finally {
      await workshop.remove(made);
    }
  }
}
