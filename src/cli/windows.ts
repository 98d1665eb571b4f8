/**
 * The rate windows of every account: its own for paid calls, and one set for its sandbox keys, so that
 * trying things out takes nothing from the calls that earn money.
 */
import { RateWindows, steadyClock } from '../accounts/rate-windows.ts';
import type { Config } from '../config.ts';
import type { WindowState } from '../http/address-windows.ts';
import type { AuthenticatedCaller } from '../http/authenticate.ts';
import { DayCountsTable } from '../store/day-counts-table.ts';
import type { Books } from './books.ts';

/** Counts calls. */
export interface AccountWindows {
  /** Count one request on the windows of a caller's account. */
  hit(caller: Pick<AuthenticatedCaller, 'accountId' | 'isSandbox'>): WindowState;
  /** Write what has changed. */
  flush(): void;
}

/** Open the windows as the last stop left them. */
export function openWindows(
  config: Pick<Config, 'sandboxPerMinute' | 'sandboxPerDay'>,
  { database, accounts }: Pick<Books, 'database' | 'accounts'>,
): AccountWindows {
  const clock = steadyClock();
  const paid = new RateWindows(new DayCountsTable(database, 'paid'), clock);
  const sandbox = new RateWindows(new DayCountsTable(database, 'sandbox'), clock);
  const sandboxLimits = { perMinute: config.sandboxPerMinute, perDay: config.sandboxPerDay };
  return {
    hit: ({ accountId, isSandbox }) =>
      isSandbox
        ? sandbox.hit(accountId, sandboxLimits)
        : paid.hit(accountId, accounts.limitsOf(accountId)),
    flush: () =>
      // one sync for all
      database.transaction(() => {
        paid.flush();
        sandbox.flush();
      }),
  };
}
