/**
 * API keys: `garnish_` + 256 random bits + a checksum, so that a scanner can tell a leaked key and a
 * mistyped one costs no look-up. Only the SHA-256 and the last four characters are stored. A sandbox
 * key begins with `garnish_test_`, so that a person sees that it costs nothing.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { AccountStatus, AccountsTable } from '../store/accounts-table.ts';
import type { ApiKeyRow, ApiKeysTable } from '../store/api-keys-table.ts';
import { randomId } from '../store/random-id.ts';

/** What a key may do. */
export const SCOPES = [
  'generate',
  'enhance',
  'remove-background',
  'upscale',
  'read',
  'admin',
] as const;
/** One of them. */
export type Scope = (typeof SCOPES)[number];

/** Scopes of a key that names none. */
export const DEFAULT_SCOPES: readonly Scope[] = SCOPES.filter((scope) => scope !== 'admin');

const PREFIX = 'garnish_';
const SANDBOX_PREFIX = 'garnish_test_';
const SECRET_BYTES = 32;
const SECRET_LENGTH = 43; // 62^43 > 2^256
const CHECKSUM_LENGTH = 6; // 62^6 > 2^32
const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** No underscore in base 62: the two prefixes cannot be taken for each other. */
const FORM = new RegExp(
  `^(${PREFIX}|${SANDBOX_PREFIX})([0-9A-Za-z]{${SECRET_LENGTH}})([0-9A-Za-z]{${CHECKSUM_LENGTH}})$`,
);
const TOUCH_INTERVAL_MS = 60_000;

/** What a new key may and how long. */
export interface NewKey {
  readonly label?: string;
  readonly scopes?: readonly Scope[];
  /** Milliseconds UTC; absent: never. */
  readonly expiresAt?: number | undefined;
  /** Whether its calls are free and their results watermarked. */
  readonly isSandbox?: boolean;
}

/** A key as its owner sees it, once. */
export interface CreatedKey {
  readonly id: string;
  readonly key: string;
}

/** Whose key it is. */
export interface KeyOwner {
  readonly accountId: string;
  readonly keyId: string;
  readonly scopes: readonly Scope[];
  readonly status: AccountStatus;
  readonly isSandbox: boolean;
}

function base62(value: bigint, length: number): string {
  let rest = value;
  let text = '';
  for (let i = 0; i < length; i += 1) {
    text = BASE62.charAt(Number(rest % 62n)) + text;
    rest /= 62n;
  }
  return text;
}

const checksum = (prefix: string, secret: string): string =>
  base62(BigInt(crc32(prefix + secret)), CHECKSUM_LENGTH);

const sha256 = (key: string): Buffer => createHash('sha256').update(key).digest();

/** Whether a text has the form and the checksum of a key. */
export function isWellFormedKey(key: string): boolean {
  const [, prefix = '', secret = '', sum] = FORM.exec(key) ?? [];
  return sum === checksum(prefix, secret);
}

/** Makes, checks and revokes keys. */
export class ApiKeys {
  readonly #keys: ApiKeysTable;
  readonly #accounts: AccountsTable;
  readonly #now: () => number;

  constructor(keys: ApiKeysTable, accounts: AccountsTable, now: () => number) {
    this.#keys = keys;
    this.#accounts = accounts;
    this.#now = now;
  }

  /**
   * Make a key; it can never be read again.
   * @throws Error when there is no such account.
   */
  create(accountId: string, options: NewKey = {}): CreatedKey {
    if (this.#accounts.get(accountId) === undefined) {
      throw new Error(`There is no account ${accountId}.`);
    }
    const secret = base62(BigInt(`0x${randomBytes(SECRET_BYTES).toString('hex')}`), SECRET_LENGTH);
    const isSandbox = options.isSandbox === true;
    const prefix = isSandbox ? SANDBOX_PREFIX : PREFIX;
    const key = `${prefix}${secret}${checksum(prefix, secret)}`;
    const id = randomId('key');
    this.#keys.insert({
      id,
      accountId,
      hash: sha256(key),
      last4: key.slice(-4),
      label: options.label ?? '',
      scopes: (options.scopes ?? DEFAULT_SCOPES).join(' '),
      expiresAt: options.expiresAt ?? null,
      revokedAt: null,
      lastUsedAt: null,
      isSandbox: isSandbox ? 1 : 0,
      createdAt: this.#now(),
    });
    return { id, key };
  }

  /** The owner of a key; undefined for one that is malformed, unknown, revoked or expired. */
  authenticate(presented: string): KeyOwner | undefined {
    const hash = sha256(presented);
    const row = isWellFormedKey(presented) ? this.#keys.byHash(hash) : undefined;
    if (row === undefined || !timingSafeEqual(row.hash, hash)) return undefined;
    const now = this.#now();
    if (row.revokedAt !== null || (row.expiresAt !== null && row.expiresAt <= now)) {
      return undefined;
    }
    const account = this.#accounts.get(row.accountId);
    if (account === undefined) return undefined;
    if (row.lastUsedAt === null || now - row.lastUsedAt >= TOUCH_INTERVAL_MS) {
      this.#touch(row.id, now);
    }
    return {
      accountId: row.accountId,
      keyId: row.id,
      scopes: SCOPES.filter((scope) => row.scopes.split(' ').includes(scope)),
      status: account.status,
      isSandbox: row.isSandbox === 1,
    };
  }

  /** A note for people: a full or busy disk must not lock callers out. */
  #touch(keyId: string, now: number): void {
    try {
      this.#keys.touch(keyId, now);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code !== 'SQLITE_FULL' && code !== 'SQLITE_BUSY') throw error;
    }
  }

  /** Keys of an account, without their secrets. */
  list(accountId: string): readonly ApiKeyRow[] {
    return this.#keys.byAccount(accountId);
  }

  /** Revoke a key at once. @returns Whether it was live. */
  revoke(keyId: string): boolean {
    return this.#keys.revoke(keyId, this.#now());
  }
}
