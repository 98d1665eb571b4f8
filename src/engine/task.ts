/** One task of an engine: how it is run, and how it fails. */
import type { EngineErrorKind } from './protocol.ts';

/** How one task is to be run. */
export interface TaskOptions {
  readonly signal: AbortSignal;
  /** Milliseconds it may take; passed, it is cancelled and the process killed if it does not stop. */
  readonly deadlineMs: number;
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

/** A task that failed in the engine. */
export class TaskFailure extends Error {
  override readonly name = 'TaskFailure';
  readonly kind: EngineErrorKind;

  constructor(kind: EngineErrorKind, message: string) {
    super(message);
    this.kind = kind;
  }
}
