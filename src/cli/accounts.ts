/** `garnish accounts`: make, list and change accounts; works while the server runs. */
import { type Command, Option } from 'commander';
import type { RateSetting } from '../accounts/accounts.ts';
import type { AccountRow, AccountStatus, Plan } from '../store/accounts-table.ts';
import { type Books, withBooks } from './books.ts';
import { printJson, printResult, printRows, printTable, timeText } from './output.ts';
import { rate, wholeNumber } from './parse.ts';

const PLANS: readonly Plan[] = ['starter', 'growth', 'pro', 'enterprise'];

interface CreateOptions {
  readonly plan: Plan;
  readonly name?: string;
  readonly credits?: number;
  readonly allowance?: number;
  readonly perMinute?: RateSetting;
  readonly perDay?: RateSetting;
  readonly json?: true;
}

function described(books: Books, account: AccountRow) {
  return {
    account_id: account.id,
    name: account.name,
    plan: account.plan,
    status: account.status,
    credits: books.ledger.balance(account.id).total,
    created_at: timeText(account.createdAt),
  };
}

function addCreate(accounts: Command): void {
  accounts
    .command('create')
    .description('Make an account.')
    .addOption(new Option('--plan <plan>', 'plan').choices([...PLANS]).default('starter'))
    .option('--name <name>', 'a name for people')
    .option(
      '--credits <n>',
      "exactly this opening balance, the plan's allowance starting with the next month",
      wholeNumber(0),
    )
    .option('--allowance <n>', "credits each month in place of the plan's", wholeNumber(0))
    .option('--per-minute <n|none>', "requests a minute in place of the plan's", rate)
    .option('--per-day <n|none>', "requests a day in place of the plan's", rate)
    .option('--json', 'print JSON')
    .action((options: CreateOptions) =>
      withBooks((books) => {
        const account = books.accounts.create(options, Date.now());
        printResult(options, { account_id: account.id }, `Account ${account.id} was made.`);
      }),
    );
}

interface JsonOption {
  readonly json?: true;
}

function addStatus(accounts: Command, name: string, text: string, status: AccountStatus): void {
  accounts
    .command(`${name} <account>`)
    .description(text)
    .option('--json', 'print JSON')
    .action((id: string, options: JsonOption) =>
      withBooks((books) => {
        books.accounts.setStatus(id, status);
        const account = described(books, books.accounts.get(id));
        printResult(options, account, `Account ${id} is ${status}.`);
      }),
    );
}

function addSetPlan(accounts: Command): void {
  accounts
    .command('set-plan <account> <plan>')
    .description(`Change the plan (${PLANS.join(', ')}); the allowance follows next month.`)
    .option('--json', 'print JSON')
    .action((id: string, plan: string, options: JsonOption) =>
      withBooks((books) => {
        const known = PLANS.find((name) => name === plan);
        if (known === undefined) {
          throw new Error(`Expected one of ${PLANS.join(', ')} for the plan.`);
        }
        books.accounts.setPlan(id, known);
        const account = described(books, books.accounts.get(id));
        printResult(options, account, `Account ${id} has the plan ${known}.`);
      }),
    );
}

/** Adds the command. */
export function addAccountsCommand(program: Command): void {
  const accounts = program.command('accounts').description('Make, list and change accounts.');
  addCreate(accounts);
  accounts
    .command('list')
    .description('List every account.')
    .option('--json', 'print JSON')
    .action((options: JsonOption) =>
      withBooks((books) => {
        printRows(
          options,
          books.accounts.list().map((account) => described(books, account)),
        );
      }),
    );
  accounts
    .command('show <account>')
    .description('Print one account.')
    .option('--json', 'print JSON')
    .action((id: string, options: JsonOption) =>
      withBooks((books) => {
        const account = described(books, books.accounts.get(id));
        if (options.json) printJson(account);
        else printTable([account]);
      }),
    );
  addSetPlan(accounts);
  addStatus(accounts, 'suspend', 'Refuse the calls of an account.', 'suspended');
  addStatus(accounts, 'activate', 'Answer the calls of an account again.', 'active');
  addStatus(accounts, 'cancel', 'Give no further monthly credits.', 'cancelled');
}
