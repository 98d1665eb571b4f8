import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { DEFAULT_SCOPES, isWellFormedKey } from '../../src/accounts/api-keys.ts';
import { MARCH, testBooks } from './fixture.ts';

const DAY_MS = 86_400_000;

function fixture() {
  const books = testBooks();
  const accountId = books.accounts.create({ plan: 'pro' }, MARCH).id;
  return { ...books, accountId };
}

/** The same key with one character changed. */
function changedAt(key: string, index: number): string {
  const other = key[index] === 'a' ? 'b' : 'a';
  return key.slice(0, index) + other + key.slice(index + 1);
}

test('a key is garnish_ and 49 letters and digits, and no two are alike', () => {
  const { keys, accountId } = fixture();
  const made = Array.from({ length: 50 }, () => keys.create(accountId).key);
  for (const key of made) expect(key).toMatch(/^garnish_[0-9A-Za-z]{49}$/);
  expect(new Set(made).size).toBe(50);
});

test('any changed character fails the checksum', () => {
  const { keys, accountId } = fixture();
  const { key } = keys.create(accountId);
  expect(isWellFormedKey(key)).toBe(true);
  for (let i = 0; i < key.length; i += 1) expect(isWellFormedKey(changedAt(key, i))).toBe(false);
});

describe('a sandbox key', () => {
  test('says what it is in its text, and any changed character fails the checksum', () => {
    const { keys, accountId } = fixture();
    const { key } = keys.create(accountId, { isSandbox: true });
    expect(key).toMatch(/^garnish_test_[0-9A-Za-z]{49}$/);
    expect(isWellFormedKey(key)).toBe(true);
    for (let i = 0; i < key.length; i += 1) expect(isWellFormedKey(changedAt(key, i))).toBe(false);
  });

  test('is none without its prefix, and an ordinary key is none with it', () => {
    const { keys, accountId } = fixture();
    const sandbox = keys.create(accountId, { isSandbox: true }).key;
    const ordinary = keys.create(accountId).key;
    for (const forged of [
      sandbox.replace('garnish_test_', 'garnish_'),
      ordinary.replace('garnish_', 'garnish_test_'),
    ]) {
      expect(isWellFormedKey(forged)).toBe(false);
      expect(keys.authenticate(forged)).toBeUndefined();
    }
  });

  test('is known as one, and only it', () => {
    const { keys, accountId } = fixture();
    const made = [true, false].map((isSandbox) => keys.create(accountId, { isSandbox }));
    expect(made.map(({ key }) => keys.authenticate(key)?.isSandbox)).toEqual([true, false]);
    const stored = new Map(keys.list(accountId).map((row) => [row.id, row.isSandbox]));
    expect(made.map(({ id }) => stored.get(id))).toEqual([1, 0]);
  });
});

test.each(['', 'garnish_', 'x', `garnish_${'é'.repeat(49)}`, `garnish_${'0'.repeat(10_000)}`])(
  'not a key: %s',
  (text) => {
    expect(isWellFormedKey(text)).toBe(false);
    expect(fixture().keys.authenticate(text)).toBeUndefined();
  },
);

test('only the hash and the last four characters are stored', () => {
  const { keys, accountId } = fixture();
  const { id, key } = keys.create(accountId, { label: 'till' });
  const [row] = keys.list(accountId);
  expect(row).toMatchObject({ id, label: 'till', last4: key.slice(-4), revokedAt: null });
  expect(row?.hash).toEqual(createHash('sha256').update(key).digest());
  expect(JSON.stringify(row)).not.toContain(key.slice('garnish_'.length, -4));
});

describe('authenticate', () => {
  test('gives the owner, the scopes and the status', () => {
    const { keys, accounts, accountId } = fixture();
    const { id, key } = keys.create(accountId, { scopes: ['upscale', 'read'] });
    accounts.setStatus(accountId, 'suspended');
    expect(keys.authenticate(key)).toEqual({
      accountId,
      keyId: id,
      scopes: ['upscale', 'read'],
      status: 'suspended',
      isSandbox: false,
    });
  });

  test('a key without named scopes may do everything but administer', () => {
    const { keys, accountId } = fixture();
    const owner = keys.authenticate(keys.create(accountId).key);
    expect(owner?.scopes).toEqual(DEFAULT_SCOPES);
    expect(owner?.scopes).not.toContain('admin');
  });

  test('a well-formed key of another installation is unknown', () => {
    const elsewhere = fixture();
    const { key } = elsewhere.keys.create(elsewhere.accountId);
    expect(isWellFormedKey(key)).toBe(true);
    expect(fixture().keys.authenticate(key)).toBeUndefined();
  });

  test('a revoked key stops at once, and is revoked once', () => {
    const { keys, accountId } = fixture();
    const { id, key } = keys.create(accountId);
    const other = keys.create(accountId);
    expect(keys.revoke(id)).toBe(true);
    expect(keys.authenticate(key)).toBeUndefined();
    expect(keys.authenticate(other.key)?.keyId).toBe(other.id);
    expect([keys.revoke(id), keys.revoke('key_none')]).toEqual([false, false]);
  });

  test('a key is good up to its expiry and not at it', () => {
    const { keys, accountId, clock } = fixture();
    const { key } = keys.create(accountId, { expiresAt: MARCH + DAY_MS });
    clock.nowMs = MARCH + DAY_MS - 1;
    expect(keys.authenticate(key)?.accountId).toBe(accountId);
    clock.nowMs += 1;
    expect(keys.authenticate(key)).toBeUndefined();
  });

  test('the last use is written at most once a minute', () => {
    const { keys, accountId, clock } = fixture();
    const { key } = keys.create(accountId);
    const usedAt = () => keys.list(accountId)[0]?.lastUsedAt;
    for (const [after, expected] of [
      [0, 0],
      [59_999, 0],
      [60_000, 60_000],
    ] as const) {
      clock.nowMs = MARCH + after;
      keys.authenticate(key);
      expect(usedAt()).toBe(MARCH + expected);
    }
  });
});

test('a key of no account cannot be made', () => {
  const { keys } = fixture();
  expect(() => keys.create('acc_none')).toThrow('There is no account acc_none.');
});
