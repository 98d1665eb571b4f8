/** `Idempotency-Key`: a retry of a delivered call gets the same answer and is not charged again. */
import { createHash } from 'node:crypto';
import type { Payer } from './job.ts';

/** A caller's key and what it stands for. */
export interface IdempotencyToken {
  readonly key: string;
  /** SHA-256 of operation and body: the same key with another body is a conflict. */
  readonly bodySha256: string;
}

/** Milliseconds a key is remembered. */
export const IDEMPOTENCY_MS = 24 * 3_600_000;

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

/**
 * The key as it is stored. Sandbox calls have keys of their own: a free, watermarked result must not
 * stand for a paid one, nor a paid one for it. A caller's key is printable ASCII, so none has the tab.
 */
export const storedKey = (key: string, payer: Pick<Payer, 'isSandbox'>): string =>
  payer.isSandbox ? `sandbox\t${key}` : key;
