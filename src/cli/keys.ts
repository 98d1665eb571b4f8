/** `garnish keys`: make, list and revoke API keys; works while the server runs. */
import { type Command, InvalidArgumentError } from 'commander';
import { SCOPES, type Scope } from '../accounts/api-keys.ts';
import { withBooks } from './books.ts';
import { printResult, printRows, timeText } from './output.ts';
import { wholeNumber } from './parse.ts';

const DAY_MS = 86_400_000;
/** A century: far beyond it a time could be stored that no date can show. */
const LONGEST_DAYS = 36_500;

interface CreateOptions {
  readonly account: string;
  readonly label?: string;
  readonly scopes?: readonly Scope[];
  readonly expiresInDays?: number;
  readonly sandbox?: true;
  readonly json?: true;
}

function scopeList(text: string): readonly Scope[] {
  return text.split(',').map((name) => {
    const scope = SCOPES.find((known) => known === name.trim());
    if (scope === undefined)
      throw new InvalidArgumentError(`Expected some of ${SCOPES.join(', ')}.`);
    return scope;
  });
}

function create(options: CreateOptions): void {
  const days = options.expiresInDays;
  const { id, key } = withBooks((books) =>
    books.keys.create(options.account, {
      ...(options.label === undefined ? {} : { label: options.label }),
      ...(options.scopes === undefined ? {} : { scopes: options.scopes }),
      expiresAt: days === undefined ? undefined : Date.now() + days * DAY_MS,
      isSandbox: options.sandbox === true,
    }),
  );
  printResult(
    options,
    { key_id: id, key, ...(options.sandbox ? { is_sandbox: true } : {}) },
    `${key}\nThis is key ${id}. It is shown only now; only its hash is stored.`,
  );
}

function list(options: { readonly account: string; readonly json?: true }): void {
  const rows = withBooks(({ accounts, keys }) =>
    keys.list(accounts.get(options.account).id).map((key) => ({
      key_id: key.id,
      label: key.label,
      last4: key.last4,
      scopes: key.scopes,
      is_sandbox: key.isSandbox === 1,
      created_at: timeText(key.createdAt),
      last_used_at: timeText(key.lastUsedAt),
      expires_at: timeText(key.expiresAt),
      revoked_at: timeText(key.revokedAt),
    })),
  );
  printRows(options, rows);
}

function revoke(id: string, options: { readonly json?: true }): void {
  if (!withBooks(({ keys }) => keys.revoke(id))) throw new Error(`There is no live key ${id}.`);
  printResult(options, { key_id: id, revoked: true }, `Key ${id} is revoked.`);
}

/** Adds the command. */
export function addKeysCommand(program: Command): void {
  const keys = program.command('keys').description('Make, list and revoke API keys.');
  keys
    .command('create')
    .description('Make a key for an account.')
    .requiredOption('--account <id>', 'account')
    .option('--label <text>', 'what the key is for')
    .option('--scopes <list>', 'comma-separated; default: all but admin', scopeList)
    .option('--expires-in-days <n>', 'days until it stops working', wholeNumber(1, LONGEST_DAYS))
    .option('--sandbox', 'calls cost nothing, their results are watermarked')
    .option('--json', 'print JSON')
    .action(create);
  keys
    .command('list')
    .description('List the keys of an account, without their secrets.')
    .requiredOption('--account <id>', 'account')
    .option('--json', 'print JSON')
    .action(list);
  keys
    .command('revoke <key>')
    .description('Revoke a key by its id, at once.')
    .option('--json', 'print JSON')
    .action(revoke);
}
