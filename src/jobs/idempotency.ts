/** `Idempotency-Key`: a retry of a delivered call gets the same answer and is not charged again. */
import { createHash } from 'node:crypto';

/** A caller's key and what it stands for. */
export interface IdempotencyToken {
  readonly key: string;
  /** SHA-256 of operation and body: the same key with another body is a conflict. */
  readonly bodySha256: string;
}

/** Hours a key is remembered. */
export const IDEMPOTENCY_HOURS = 24;

/**
 * The token of a call.
 * @param body Parsed JSON body; its key order counts, as it does for the caller's own retry.
 */
export function idempotencyToken(key: string, operation: string, body: unknown): IdempotencyToken {
  const bodySha256 = createHash('sha256')
    .update(JSON.stringify([operation, body]))
    .digest('hex');
  return { key, bodySha256 };
}
