/** Calls in lanes against a real server: what was acknowledged is remembered, for the audit. */
import { randomUUID } from 'node:crypto';
import type { Caller } from './data-folder.ts';

/** An answer that came through. */
export interface Acknowledged {
  readonly status: number;
  readonly code: string | undefined;
  readonly id: string | undefined;
  readonly retryAfter: string | null;
  readonly durationMs: number;
}

/** How one call is made. */
export interface PaidCall {
  readonly isAsync?: boolean;
  readonly idempotencyKey?: string | undefined;
  readonly signal?: AbortSignal;
}

/** One paid call. @throws when the connection breaks. */
export async function callPaid(
  url: string,
  caller: Caller,
  { isAsync = false, idempotencyKey, signal }: PaidCall = {},
): Promise<Acknowledged> {
  const startedMs = performance.now();
  const answer = await fetch(`${url}/api/remove-background`, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${caller.key}`,
      'Content-Type': 'application/json',
      ...(isAsync ? { Prefer: 'respond-async' } : {}),
      ...(idempotencyKey === undefined ? {} : { 'Idempotency-Key': idempotencyKey }),
    },
    body: JSON.stringify({ image_url: caller.imageUrl }),
    ...(signal === undefined ? {} : { signal }),
  });
  const body = (await answer.json()) as { id?: string; error?: { code?: string } };
  return {
    status: answer.status,
    code: body.error?.code,
    id: body.id,
    retryAfter: answer.headers.get('retry-after'),
    durationMs: performance.now() - startedMs,
  };
}

/** What lanes were told. */
export class Acknowledgements {
  /** Jobs of 200 answers. */
  readonly delivered = new Set<string>();
  /** Jobs of 202 answers. */
  readonly submitted = new Set<string>();
  readonly #byKey = new Map<string, string>();
  readonly violations: string[] = [];

  note(answer: Acknowledged, key: string | undefined): void {
    const { status, id } = answer;
    if (id === undefined) {
      if (status >= 500 && status !== 503)
        this.violations.push(`answered ${status} ${answer.code}`);
      return;
    }
    (status === 200 ? this.delivered : this.submitted).add(id);
    if (key === undefined) return;
    const earlier = this.#byKey.get(key) ?? id;
    if (earlier !== id) this.violations.push(`${key} was delivered as ${earlier} and as ${id}`);
    this.#byKey.set(key, id);
  }
}

/**
 * Calls without a pause until told to stop; a call that broke is made again with the same
 * Idempotency-Key, as a careful client does.
 */
export async function runLane(
  url: string,
  callers: readonly Caller[],
  acknowledged: Acknowledgements,
  random: () => number,
  isStopped: () => boolean,
): Promise<void> {
  let retry: { readonly caller: Caller; readonly call: PaidCall } | undefined;
  while (!isStopped()) {
    const caller = callers[Math.floor(random() * callers.length)];
    if (caller === undefined) return;
    const fresh = {
      isAsync: random() < 0.5,
      idempotencyKey: random() < 0.5 ? randomUUID() : undefined,
    };
    const next: { readonly caller: Caller; readonly call: PaidCall } = retry ?? {
      caller,
      call: fresh,
    };
    retry = undefined;
    try {
      const answer = await callPaid(url, next.caller, next.call);
      acknowledged.note(answer, next.call.idempotencyKey);
    } catch {
      if (next.call.idempotencyKey !== undefined) retry = next;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
