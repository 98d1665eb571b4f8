import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Accounts } from '../../src/accounts/accounts.ts';
import { loadPrices } from '../../src/accounts/prices.ts';
import { type AccountRow, AccountsTable } from '../../src/store/accounts-table.ts';
import { MARCH, testBooks } from './fixture.ts';

test("limits are the plan's, an account's own, or none", () => {
  const { accounts } = testBooks();
  const limitsOf = (perMinute?: number | 'none', perDay?: number | 'none') =>
    accounts.limitsOf(accounts.create({ plan: 'pro', perMinute, perDay }, MARCH).id);
  expect(limitsOf()).toEqual({ perMinute: 60, perDay: 1000 });
  expect(limitsOf(7, 'none')).toEqual({ perMinute: 7, perDay: undefined });
  expect(limitsOf('none', 9)).toEqual({ perMinute: undefined, perDay: 9 });
});

test('an account that is not there is named', () => {
  const { accounts } = testBooks();
  const calls = [
    () => accounts.get('acc_x'),
    () => accounts.setPlan('acc_x', 'pro'),
    () => accounts.setStatus('acc_x', 'active'),
    () => accounts.limitsOf('acc_x'),
  ];
  for (const call of calls) expect(call).toThrow('There is no account acc_x.');
});

test('accounts are listed oldest first with what was changed', () => {
  const { accounts } = testBooks();
  const second = accounts.create({ plan: 'growth', name: 'b' }, MARCH + 1);
  const first = accounts.create({ plan: 'pro', name: 'a' }, MARCH);
  accounts.setStatus(second.id, 'suspended');
  accounts.setPlan(first.id, 'enterprise');
  expect(accounts.list().map(({ name, plan, status }) => [name, plan, status])).toEqual([
    ['a', 'enterprise', 'active'],
    ['b', 'growth', 'suspended'],
  ]);
});

/** A table during whose reading another process tries something. */
class InterruptedTable extends AccountsTable {
  interrupt: () => void = () => undefined;

  override get(id: string): AccountRow | undefined {
    const row = super.get(id);
    this.interrupt();
    return row;
  }
}

test('a change of the plan does not undo a suspension by another process at that moment', () => {
  const folder = mkdtempSync(join(tmpdir(), 'garnish-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'garnish.db');
  const ours = testBooks(path);
  const theirs = testBooks(path);
  theirs.database.pragma('busy_timeout = 0');
  const { id } = ours.accounts.create({ plan: 'starter' }, MARCH);
  const table = new InterruptedTable(ours.database);
  const accounts = new Accounts(ours.database, table, ours.ledger, loadPrices());
  table.interrupt = () => {
    expect(() => theirs.accounts.setStatus(id, 'suspended')).toThrow('database is locked');
  };
  accounts.setPlan(id, 'pro');
  theirs.accounts.setStatus(id, 'suspended');
  expect(ours.accounts.get(id)).toMatchObject({ plan: 'pro', status: 'suspended' });
});
