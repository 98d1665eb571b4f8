/** What every operation works with, and the list of named steps it is made of. */
import type { EngineTask, SourceLimits } from '../../engine/protocol.ts';
import type { LoadedPack } from '../loaded-pack.ts';
import { OperationError } from '../operation-error.ts';

/** What the worker gives a task. */
export interface OperationContext {
  readonly task: EngineTask;
  readonly limits: SourceLimits;
  /** A pack; without an id the one the task names. @throws OperationError when it is not loaded. */
  pack(id?: string): LoadedPack;
  /** Whether the task should stop; read between steps and tiles. */
  isCancelled(): boolean;
  /** Tell how far the task is, 0..1. */
  onProgress(fraction: number): void;
  /** Tell what was tried when memory ran out. */
  onShortage(tried: string): void;
}

/** Runs named steps in order, times each, and stops between two when the task was cancelled. */
export class Steps {
  readonly #context: OperationContext;
  readonly #timingsMs: Record<string, number> = {};

  constructor(context: OperationContext) {
    this.#context = context;
  }

  /** Milliseconds of each step so far; of all its runs where it has several. */
  get timingsMs(): Readonly<Record<string, number>> {
    return this.#timingsMs;
  }

  /** Run one step. @throws OperationError `cancelled`. */
  async run<T>(name: string, step: () => Promise<T> | T): Promise<T> {
    this.throwIfCancelled();
    const startedMs = performance.now();
    const value = await step();
    this.#timingsMs[name] = (this.#timingsMs[name] ?? 0) + performance.now() - startedMs;
    return value;
  }

  /** @throws OperationError `cancelled` when the task was. */
  throwIfCancelled(): void {
    if (this.#context.isCancelled())
      throw new OperationError('cancelled', 'The task was cancelled.');
  }
}
