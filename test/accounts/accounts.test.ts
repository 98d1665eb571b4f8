import { expect, test } from 'vitest';
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
