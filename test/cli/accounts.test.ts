import { describe, expect, test } from 'vitest';
import { nextMonthStart } from '../../src/accounts/ledger.ts';
import { addAccountsCommand } from '../../src/cli/accounts.ts';
import { MARCH } from '../accounts/fixture.ts';
import { commandLine } from './run-command.ts';

const open = () => commandLine(addAccountsCommand);

describe('create', () => {
  test('--json prints the id and nothing else', async () => {
    const { run, books } = open();
    const { output } = await run('accounts', 'create', '--plan', 'growth', '--json');
    const [account] = books.accounts.list();
    expect(account?.plan).toBe('growth');
    expect(output).toBe(`{"account_id":"${account?.id}"}\n`);
    expect(account?.id).toMatch(/^acc_[a-z0-9]{26}$/);
  });

  test('without --json it is a sentence', async () => {
    const { run, books } = open();
    const { output } = await run('accounts', 'create');
    expect(output).toBe(`Account ${books.accounts.list()[0]?.id} was made.\n`);
    expect(books.accounts.list()[0]?.plan).toBe('starter');
  });

  test('--credits is the exact opening balance, without it the allowance is', async () => {
    const { json, books } = open();
    const balanceOf = async (...options: readonly string[]) => {
      const made = await json('accounts', 'create', '--plan', 'growth', '--json', ...options);
      return books.ledger.balance((made as { account_id: string }).account_id);
    };
    expect(await balanceOf('--credits', '50')).toEqual({ total: 50, monthly: 0, granted: 50 });
    expect(await balanceOf('--credits', '0')).toEqual({ total: 0, monthly: 0, granted: 0 });
    expect(await balanceOf()).toEqual({ total: 100, monthly: 100, granted: 0 });
    expect(await balanceOf('--allowance', '7')).toEqual({ total: 7, monthly: 7, granted: 0 });
  });

  test('name and limits are kept', async () => {
    const { run, books } = open();
    const limits = ['--per-minute', 'none', '--per-day', '5'];
    await run('accounts', 'create', '--plan', 'enterprise', '--name', 'Bistro', ...limits);
    const [account] = books.accounts.list();
    expect(account?.name).toBe('Bistro');
    expect(books.accounts.limitsOf(account?.id ?? '')).toEqual({ perMinute: undefined, perDay: 5 });
  });

  test.each([
    ...['', ' ', '-1', '1.5', '1e3', '0x10', 'ten', '1000000001', '9007199254740993'].map(
      (value) => `--credits=${value}`,
    ),
    '--allowance=-1',
    '--per-minute=0',
    '--per-minute=None',
    '--per-day=',
    '--plan=gold',
  ])('%s makes no account', async (option) => {
    const { run, books } = open();
    const { output, error } = await run('accounts', 'create', option, '--json');
    expect(error).toMatch(/Expected a whole number from \d to 1000000000\.|Allowed choices/);
    expect(output).toBe('');
    expect(books.accounts.list()).toEqual([]);
  });
});

describe('list', () => {
  test('is an aligned table with a heading', async () => {
    const { run, books } = open();
    const first = books.accounts.create({ plan: 'pro', name: 'Bistro', credits: 5 }, MARCH);
    const second = books.accounts.create({ plan: 'enterprise' }, MARCH + 1000);
    const { output } = await run('accounts', 'list');
    expect(output.split('\n')).toEqual([
      'account_id                      name    plan        status  credits  created_at',
      `${first.id}  Bistro  pro         active  5        2026-03-15T12:00:00Z`,
      `${second.id}          enterprise  active  0        2026-03-15T12:00:01Z`,
      '',
    ]);
  });

  test('--json is one array, also when there is none', async () => {
    const { json, books } = open();
    expect(await json('accounts', 'list', '--json')).toEqual([]);
    const { id } = books.accounts.create({ plan: 'starter' }, MARCH);
    expect(await json('accounts', 'list', '--json')).toEqual([
      {
        account_id: id,
        name: '',
        plan: 'starter',
        status: 'active',
        credits: 20,
        created_at: '2026-03-15T12:00:00Z',
      },
    ]);
  });
});

describe('a change is there at once for a server that has the books open', () => {
  test.each([
    ['suspend', 'suspended'],
    ['cancel', 'cancelled'],
    ['activate', 'active'],
  ])('%s', async (command, status) => {
    const { run, books } = open();
    const { id } = books.accounts.create({ plan: 'starter' }, MARCH);
    if (command === 'activate') books.accounts.setStatus(id, 'suspended');
    const { key } = books.keys.create(id);
    expect(await run('accounts', command, id)).toMatchObject({
      output: `Account ${id} is ${status}.\n`,
      error: undefined,
    });
    expect(books.keys.authenticate(key)?.status).toBe(status);
  });

  test('set-plan', async () => {
    const { run, books } = open();
    const { id } = books.accounts.create({ plan: 'starter' }, MARCH);
    const { output } = await run('accounts', 'set-plan', id, 'pro');
    expect(output).toBe(`Account ${id} has the plan pro.\n`);
    expect(books.summaryOf(id)).toEqual({
      credits: 20,
      plan: 'pro',
      status: 'active',
      usedThisMonth: 0,
      nextRenewalMs: nextMonthStart(MARCH),
    });
  });
});

test('an unknown plan or account is one line', async () => {
  const { run, books } = open();
  const { id } = books.accounts.create({ plan: 'starter' }, MARCH);
  const { error } = await run('accounts', 'set-plan', id, 'gold');
  expect(error).toBe('Expected one of starter, growth, pro, enterprise for the plan.');
  for (const command of [['suspend'], ['activate'], ['cancel'], ['set-plan', 'pro']] as const) {
    const [name, ...rest] = command;
    const { error: unknown } = await run('accounts', name, 'acc_none', ...rest);
    expect(unknown).toBe('There is no account acc_none.');
  }
  expect(books.accounts.get(id)).toMatchObject({ plan: 'starter', status: 'active' });
});

test('--help names every command', async () => {
  const { output } = await open().run('accounts', '--help');
  for (const name of ['create', 'list', 'set-plan', 'suspend', 'activate', 'cancel']) {
    expect(output).toMatch(new RegExp(`^ {2}${name}\\b`, 'm'));
  }
});
