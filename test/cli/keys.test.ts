import { describe, expect, test } from 'vitest';
import { DEFAULT_SCOPES } from '../../src/accounts/api-keys.ts';
import { addKeysCommand } from '../../src/cli/keys.ts';
import { MARCH } from '../accounts/fixture.ts';
import { commandLine } from './run-command.ts';

const DAY_MS = 86_400_000;

function open() {
  const line = commandLine(addKeysCommand);
  const account = line.books.accounts.create({ plan: 'starter' }, MARCH).id;
  return { ...line, account, create: ['keys', 'create', '--account', account] as const };
}

describe('create', () => {
  test('--json prints id and key, and the key works at once', async () => {
    const { json, books, account, create } = open();
    const made = (await json(...create, '--json')) as { key_id: string; key: string };
    expect(Object.keys(made)).toEqual(['key_id', 'key']);
    expect(made.key_id).toMatch(/^key_[a-z0-9]{26}$/);
    expect(books.keys.authenticate(made.key)).toEqual({
      accountId: account,
      keyId: made.key_id,
      scopes: DEFAULT_SCOPES,
      status: 'active',
      isSandbox: false,
    });
  });

  test('without --json the key stands on a line of its own, said to be shown once', async () => {
    const { run, books, account, create } = open();
    const { output } = await run(...create);
    const [key = '', told] = output.split('\n');
    const { keyId } = books.keys.authenticate(key) ?? {};
    expect(books.keys.list(account)[0]?.id).toBe(keyId);
    expect(told).toBe(`This is key ${keyId}. It is shown only now; only its hash is stored.`);
  });

  test('label, scopes and expiry are kept', async () => {
    const { run, books, account, create } = open();
    await run(...create, '--label', 'till', '--scopes', 'read, upscale', '--expires-in-days', '3');
    expect(books.keys.list(account)).toMatchObject([
      { label: 'till', scopes: 'read upscale', expiresAt: MARCH + 3 * DAY_MS },
    ]);
  });

  test('--sandbox makes a key that shows what it is, and the list tells it', async () => {
    const { json, run, books, account, create } = open();
    const made = (await json(...create, '--sandbox', '--json')) as Record<string, string>;
    expect(made).toEqual({
      key_id: expect.stringMatching(/^key_/),
      key: expect.stringMatching(/^garnish_test_[0-9A-Za-z]{49}$/),
      is_sandbox: true,
    });
    expect(books.keys.authenticate(made['key'] ?? '')).toMatchObject({ isSandbox: true });
    const list = ['keys', 'list', '--account', account];
    expect(await json(...list, '--json')).toMatchObject([{ is_sandbox: true }]);
    expect((await run(...list)).output.split('\n')[1]).toMatch(/ true /);
  });

  test.each([
    ['--scopes', 'read,everything', /Expected some of generate, .*, admin\./],
    ['--scopes', '', /Expected some of/],
    ['--expires-in-days', '0', /Expected a whole number from 1 to 36500\./],
    ['--expires-in-days', '36501', /Expected a whole number from 1 to 36500\./],
  ])('%s "%s" makes no key', async (option, value, message) => {
    const { run, books, account, create } = open();
    expect((await run(...create, option, value)).error).toMatch(message);
    expect(books.keys.list(account)).toEqual([]);
  });

  test('an account is required and must be there', async () => {
    const { run } = open();
    expect((await run('keys', 'create')).error).toMatch(/required option '--account <id>'/);
    const { error } = await run('keys', 'create', '--account', 'acc_none');
    expect(error).toBe('There is no account acc_none.');
  });
});

describe('list', () => {
  test('tells everything but the secret', async () => {
    const { json, run, account, create } = open();
    const forever = ['--label', 'till', '--scopes', 'read', '--expires-in-days', '36500'];
    const made = (await json(...create, ...forever, '--json')) as { key_id: string; key: string };
    const list = ['keys', 'list', '--account', account];
    expect(await json(...list, '--json')).toEqual([
      {
        key_id: made.key_id,
        label: 'till',
        last4: made.key.slice(-4),
        scopes: 'read',
        is_sandbox: false,
        created_at: '2026-03-15T12:00:00Z',
        last_used_at: null,
        expires_at: '2126-02-19T12:00:00Z',
        revoked_at: null,
      },
    ]);
    const { output } = await run(...list);
    expect(output).toMatch(
      /^key_id +label +last4 +scopes +is_sandbox +created_at +last_used_at +expires_at/,
    );
    expect(output).toContain(made.key_id);
    expect(output).not.toContain(made.key.slice('garnish_'.length, -4));
  });

  test('of an account that is not there is an error, not an empty list', async () => {
    const { run } = open();
    const { error } = await run('keys', 'list', '--account', 'acc_none');
    expect(error).toBe('There is no account acc_none.');
  });
});

describe('revoke', () => {
  test('stops the key at once for a server that has the books open', async () => {
    const { run, books, account } = open();
    const { id, key } = books.keys.create(account);
    expect((await run('keys', 'revoke', id)).output).toBe(`Key ${id} is revoked.\n`);
    expect(books.keys.authenticate(key)).toBeUndefined();
    expect(books.keys.list(account)[0]?.revokedAt).toBe(MARCH);
  });

  test('of a key that is revoked already or not there is an error', async () => {
    const { run, books, account } = open();
    const { id } = books.keys.create(account);
    await run('keys', 'revoke', id);
    expect((await run('keys', 'revoke', id)).error).toBe(`There is no live key ${id}.`);
    expect((await run('keys', 'revoke', 'key_x')).error).toBe('There is no live key key_x.');
  });
});

test('--help names every command', async () => {
  const { output } = await open().run('keys', '--help');
  for (const name of ['create', 'list', 'revoke']) {
    expect(output).toMatch(new RegExp(`^ {2}${name}\\b`, 'm'));
  }
});
