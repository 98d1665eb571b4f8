/** Signatures by the Standard Webhooks scheme (https://www.standardwebhooks.com), version 1. */
import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import type { WebhookSecrets } from '../../store/webhooks-table.ts';

const SECRET_BYTES = 32;

/** A new secret: `whsec_` and 256 random bits in base64. */
export const newWebhookSecret = (): string =>
  `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;

/**
 * The three headers of an attempt. While a secret is being changed there are two signatures, so that
 * a receiver that knows either of them accepts the event.
 */
export function signatureHeaders(
  secrets: WebhookSecrets,
  message: { readonly id: string; readonly payload: string },
  nowMs: number,
): Readonly<Record<string, string>> {
  const { secret, previousSecret, previousUntil } = secrets;
  const isPreviousValid = previousSecret !== null && (previousUntil ?? 0) > nowMs;
  const signatures = [secret, ...(isPreviousValid ? [previousSecret] : [])].map((each) =>
    new Webhook(each).sign(message.id, new Date(nowMs), message.payload),
  );
  return {
    'webhook-id': message.id,
    'webhook-timestamp': String(Math.floor(nowMs / 1000)),
    'webhook-signature': signatures.join(' '),
  };
}
