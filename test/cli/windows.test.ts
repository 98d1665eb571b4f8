import { expect, onTestFinished, test, vi } from 'vitest';
import { openWindows } from '../../src/cli/windows.ts';
import { MARCH, testBooks } from '../accounts/fixture.ts';

const LIMITS = { sandboxPerMinute: 3, sandboxPerDay: 5 };

function fixture() {
  vi.useFakeTimers({ now: MARCH, toFake: ['Date', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const books = testBooks();
  const newAccount = () =>
    books.accounts.create({ plan: 'starter', perMinute: 4, perDay: 1000 }, MARCH).id;
  const accountId = newAccount();
  const open = () => openWindows(LIMITS, books);
  return { ...books, accountId, newAccount, open };
}

type Windows = ReturnType<typeof openWindows>;
const allowedOf = (windows: Windows, accountId: string, isSandbox: boolean) =>
  Array.from({ length: 50 }, () => windows.hit({ accountId, isSandbox })).filter(
    ({ allowed }) => allowed,
  ).length;

test('sandbox calls and paid calls of an account take nothing from each other', () => {
  const { accountId, newAccount, open } = fixture();
  const windows = open();
  expect(allowedOf(windows, accountId, true)).toBe(3);
  expect(windows.hit({ accountId, isSandbox: false })).toMatchObject({ remaining: 3 });
  expect(allowedOf(windows, accountId, false)).toBe(3);
  expect(windows.hit({ accountId, isSandbox: true }).allowed).toBe(false);
  expect(allowedOf(windows, newAccount(), true)).toBe(3);
});

test('the sandbox has a limit for the day, which a restart does not lift', () => {
  const { accountId, open } = fixture();
  const windows = open();
  expect(allowedOf(windows, accountId, true)).toBe(3);
  expect(allowedOf(windows, accountId, false)).toBe(4);
  vi.advanceTimersByTime(60_000);
  windows.flush();
  const restarted = open();
  expect(allowedOf(restarted, accountId, true)).toBe(2);
  expect(restarted.hit({ accountId, isSandbox: false })).toMatchObject({ remaining: 3 });
  vi.advanceTimersByTime(12 * 3_600_000);
  expect(allowedOf(restarted, accountId, true)).toBe(3);
});

test('a flush writes both counts of the day', () => {
  const { database, accountId, open } = fixture();
  const windows = open();
  allowedOf(windows, accountId, false);
  allowedOf(windows, accountId, true);
  windows.flush();
  const rows = database.prepare(
    'SELECT is_sandbox AS isSandbox, count FROM day_counts ORDER BY is_sandbox',
  );
  expect(rows.all()).toEqual([
    { isSandbox: 0, count: 4 },
    { isSandbox: 1, count: 3 },
  ]);
});
