import { describe, expect, test } from 'vitest';
import { addCreditsCommand } from '../../src/cli/credits.ts';
import { JobsTable } from '../../src/store/jobs-table.ts';
import { MARCH } from '../accounts/fixture.ts';
import { commandLine } from './run-command.ts';

function open() {
  const line = commandLine(addCreditsCommand);
  const { books } = line;
  const account = books.accounts.create({ plan: 'starter' }, MARCH).id;
  const keyId = books.keys.create(account).id;
  const jobs = new JobsTable(books.database);
  /** A job that holds its credits. */
  const reserve = (id: string, costCredits: number) => {
    jobs.insert({
      id,
      accountId: account,
      keyId,
      operation: 'upscale',
      state: 'reserved',
      costCredits,
      requestJson: '{}',
      packId: 'pack',
      createdAt: MARCH,
    });
    books.ledger.reserve(id, account, costCredits);
    return id;
  };
  return { ...line, account, reserve };
}

describe('grant', () => {
  test('adds to the granted bucket and tells the new balance', async () => {
    const { run, json, books, account } = open();
    const grant = ['credits', 'grant', '--account', account];
    expect(await json(...grant, '5', '--note', 'sorry', '--json')).toEqual({
      account_id: account,
      credits: 25,
    });
    expect((await run(...grant, '7')).output).toBe(`Account ${account} has 32 credits.\n`);
    expect(books.ledger.balance(account)).toEqual({ total: 32, monthly: 20, granted: 12 });
    const notes = books.ledger.history(account).map(({ note }) => note);
    expect(notes).toEqual([null, 'sorry', 'grant']);
  });

  test.each(['0', '', '1.5', 'x', '1000000001', '9007199254740991'])(
    'of "%s" is refused',
    async (amount) => {
      const { run, books, account } = open();
      const { error } = await run('credits', 'grant', '--account', account, amount);
      expect(error).toMatch(/Expected a whole number from 1 to 1000000000\./);
      expect(books.ledger.balance(account).total).toBe(20);
    },
  );

  test('of the largest amount, many times over, stays exact to the credit', async () => {
    const { run, books, account } = open();
    for (let i = 0; i < 5; i += 1) {
      await run('credits', 'grant', '--account', account, '1000000000');
    }
    expect(books.ledger.balance(account).total).toBe(5_000_000_020);
  });
});

test('balance tells the buckets and what was used', async () => {
  const { run, json, books, account, reserve } = open();
  books.ledger.grant(account, 5, 'thanks');
  books.ledger.settle(reserve('up_1', 2), account);
  books.ledger.void(reserve('up_2', 3), account);
  reserve('up_3', 4);
  const balance = ['credits', 'balance', '--account', account];
  expect(await json(...balance, '--json')).toEqual({
    credits: 19,
    monthly: 14,
    granted: 5,
    used_this_month: 2,
  });
  expect((await run(...balance)).output).toBe(
    '19 credits (14 of this month, 5 granted); 2 used.\n',
  );
});

test('history is every entry, oldest first, and adds up to the balance', async () => {
  const { run, json, books, account, reserve } = open();
  books.ledger.grant(account, 5, 'thanks');
  books.ledger.void(reserve('up_1', 22), account);
  const history = ['credits', 'history', '--account', account];
  const rows = (await json(...history, '--json')) as { amount: number }[];
  const row = (id: number, kind: string, bucket: string, amount: number, job: string | null) => ({
    id,
    created_at: '2026-03-15T12:00:00Z',
    kind,
    bucket,
    amount,
    job,
    note: kind === 'grant' ? 'thanks' : null,
  });
  expect(rows).toEqual([
    row(1, 'renewal', 'monthly', 20, null),
    row(2, 'grant', 'granted', 5, null),
    row(3, 'reserve', 'monthly', -20, 'up_1'),
    row(4, 'reserve', 'granted', -2, 'up_1'),
    row(5, 'void', 'monthly', 20, 'up_1'),
    row(6, 'void', 'granted', 2, 'up_1'),
  ]);
  expect(rows.reduce((sum, { amount }) => sum + amount, 0)).toBe(25);
  expect((await run(...history)).output.split('\n').slice(0, 3)).toEqual([
    'id  created_at            kind     bucket   amount  job   note',
    '1   2026-03-15T12:00:00Z  renewal  monthly  20      -     -',
    '2   2026-03-15T12:00:00Z  grant    granted  5       -     thanks',
  ]);
});

test.each([['grant', '5'], ['balance'], ['history']])(
  '%s of an account that is not there is an error',
  async (...args) => {
    const { run } = open();
    const { output, error } = await run('credits', ...args, '--account', 'acc_none');
    expect([output, error]).toEqual(['', 'There is no account acc_none.']);
  },
);

describe('audit', () => {
  test('of books that add up ends well', async () => {
    const { run, reserve } = open();
    reserve('up_1', 2);
    const text = await run('credits', 'audit');
    expect(text).toEqual({ output: 'The books add up.\n', error: undefined, exitCode: undefined });
    const { output, exitCode } = await run('credits', 'audit', '--json');
    expect([output, exitCode]).toEqual(['{"violations":[]}\n', undefined]);
  });

  test('of books that do not prints what is wrong and exits with 1', async () => {
    const { run, books, reserve } = open();
    reserve('up_1', 2);
    books.database.prepare("UPDATE jobs SET state = 'settled'").run();
    const expected = [
      'up_1 is final without an outcome of that name.',
      'up_1 was settled without a stored result.',
    ];
    const text = await run('credits', 'audit');
    expect([text.output, text.exitCode]).toEqual([`${expected.join('\n')}\n`, 1]);
    const json = await run('credits', 'audit', '--json');
    expect([JSON.parse(json.output), json.exitCode]).toEqual([{ violations: expected }, 1]);
  });
});

test('--help names every command', async () => {
  const { output } = await open().run('credits', '--help');
  for (const name of ['grant', 'balance', 'history', 'audit']) {
    expect(output).toMatch(new RegExp(`^ {2}${name}\\b`, 'm'));
  }
});
