/** What we sign passes the library's own check, and nothing else does. */
import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';
import {
  newWebhookSecret,
  signatureHeaders,
} from '../../../src/jobs/webhooks/webhook-signature.ts';

const secret = newWebhookSecret();
const other = newWebhookSecret();
const message = { id: 'msg_1', payload: '{"type":"webhook.test","data":{"dish":"phở"}}' };
const nowMs = Date.now();
const MINUTE_MS = 60_000;

const headersWith = (previousUntil: number | null, at = nowMs) =>
  signatureHeaders(
    { secret, previousSecret: previousUntil === null ? null : other, previousUntil },
    message,
    at,
  );
const isAccepted = (key: string, headers: Readonly<Record<string, string>>, body: string) => {
  try {
    new Webhook(key).verify(body, headers);
    return true;
  } catch {
    return false;
  }
};

describe('a signature', () => {
  const signed = headersWith(null);
  const { payload } = message;
  test.each([
    ['as it was sent', secret, signed, payload, true],
    ['checked with another secret', other, signed, payload, false],
    ['with another body', secret, signed, payload.replace('phở', 'pho'), false],
    ['with another id', secret, { ...signed, 'webhook-id': 'msg_2' }, payload, false],
    [
      'with another time',
      secret,
      { ...signed, 'webhook-timestamp': String(Math.floor(nowMs / 1000) + 1) },
      payload,
      false,
    ],
    ['made six minutes ago', secret, headersWith(null, nowMs - 6 * MINUTE_MS), payload, false],
    ['of a changed secret, new', secret, headersWith(nowMs + 1), payload, true],
    ['of a changed secret, old', other, headersWith(nowMs + 1), payload, true],
    ['of a secret whose time is over', other, headersWith(nowMs), payload, false],
  ])('%s', (_name, key, headers, body, expected) => {
    expect(isAccepted(key, headers, body)).toBe(expected);
  });
});

test('a secret is 256 random bits in the form of the scheme', () => {
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  expect(secret).not.toBe(other);
});
