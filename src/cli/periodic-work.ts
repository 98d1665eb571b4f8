/** What a server does from time to time without being asked. */
import { IDEMPOTENCY_MS } from '../jobs/idempotency.ts';
import { errorFields, type Log } from '../observability/log.ts';
import { steadyNow } from './clock.ts';
import type { Jobs, Stores } from './layers.ts';
import type { Webhooks } from './webhooks.ts';

const SWEEP_MS = 10 * 60_000;
const FLUSH_MS = 1_000;
const RETRY_VOIDS_MS = 30_000;

/** Work that comes round by itself; failures are logged, since nobody waits for them. */
function every(periodMs: number, log: Log, work: () => Promise<void> | void): () => void {
  const timer = setInterval(() => {
    Promise.resolve()
      .then(work)
      .catch((error: unknown) => log.error('periodic-work-failed', errorFields(error)));
  }, periodMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** What is looked after. */
export interface PeriodicParts {
  readonly stores: Stores;
  readonly jobs: Jobs;
  readonly webhooks: Webhooks;
  readonly flushWindows: () => void;
  readonly log: Log;
}

/** Sweeps and flushes that come round by themselves; gives what stops them. */
export function startPeriodicWork({
  stores,
  jobs,
  webhooks,
  flushWindows,
  log,
}: PeriodicParts): () => void {
  const timers = [
    every(FLUSH_MS, log, flushWindows),
    every(SWEEP_MS, log, async () => {
      const now = steadyNow();
      const deleted = (await stores.results.expire(now)) + (await stores.uploads.expire(now));
      stores.idempotency.removeOlderThan(now - IDEMPOTENCY_MS);
      webhooks.book.sweep();
      if (deleted > 0) log.info('expired', { deleted });
    }),
    every(RETRY_VOIDS_MS, log, async () => {
      jobs.service.retryVoids();
      await jobs.ballast.ensure();
    }),
  ];
  return () => {
    for (const stopTimer of timers) stopTimer();
    try {
      flushWindows();
    } catch (error) {
      log.error('rate-counts-not-kept', errorFields(error)); // on a full disk; the rest still closes
    }
  };
}
