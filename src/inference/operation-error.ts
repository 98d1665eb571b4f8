/** A task that fails for a known reason; anything else that is thrown counts as `internal`. */
import type { EngineErrorKind } from '../engine/protocol.ts';

/** Carries the kind to the API process; the message is public for `invalid_*`, logged for the rest. */
export class OperationError extends Error {
  override readonly name = 'OperationError';
  readonly kind: EngineErrorKind;

  constructor(kind: EngineErrorKind, message: string) {
    super(message);
    this.kind = kind;
  }
}
