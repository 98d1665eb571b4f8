/** `garnish credits`: grants, balances, history and an audit of the books. */
import type { Command } from 'commander';
import { auditBooks } from '../accounts/audit.ts';
import { withBooks } from './books.ts';
import { printJson, printLine, printResult, printRows, timeText } from './output.ts';
import { wholeNumber } from './parse.ts';

interface Options {
  readonly account: string;
  readonly note?: string;
  readonly json?: true;
}

function addGrant(credits: Command): void {
  credits
    .command('grant')
    .description('Give credits that do not expire.')
    .requiredOption('--account <id>', 'account')
    .argument('<credits>', 'how many', wholeNumber(1))
    .option('--note <text>', 'why')
    .option('--json', 'print JSON')
    .action((amount: number, options: Options) => {
      const total = withBooks(({ accounts, ledger }) => {
        const { id } = accounts.get(options.account);
        ledger.grant(id, amount, options.note ?? 'grant');
        return ledger.balance(id).total;
      });
      printResult(
        options,
        { account_id: options.account, credits: total },
        `Account ${options.account} has ${total} credits.`,
      );
    });
}

function addBalance(credits: Command): void {
  credits
    .command('balance')
    .description('Print what an account has.')
    .requiredOption('--account <id>', 'account')
    .option('--json', 'print JSON')
    .action((options: Options) => {
      const { total, monthly, granted, used } = withBooks(({ accounts, ledger }) => {
        const { id } = accounts.get(options.account);
        return { ...ledger.balance(id), used: ledger.usedThisMonth(id) };
      });
      printResult(
        options,
        { credits: total, monthly, granted, used_this_month: used },
        `${total} credits (${monthly} of this month, ${granted} granted); ${used} used.`,
      );
    });
}

function addHistory(credits: Command): void {
  credits
    .command('history')
    .description('Print every entry of an account.')
    .requiredOption('--account <id>', 'account')
    .option('--json', 'print JSON')
    .action((options: Options) => {
      const entries = withBooks(({ accounts, ledger }) =>
        ledger.history(accounts.get(options.account).id),
      );
      printRows(
        options,
        entries.map((entry) => ({
          id: entry.id,
          created_at: timeText(entry.createdAt),
          kind: entry.kind,
          bucket: entry.bucket,
          amount: entry.amount,
          job: entry.jobId,
          note: entry.note,
        })),
      );
    });
}

/** Adds the command. */
export function addCreditsCommand(program: Command): void {
  const credits = program.command('credits').description('Grants, balances and the audit.');
  addGrant(credits);
  addBalance(credits);
  addHistory(credits);
  credits
    .command('audit')
    .description('Check that the books add up; exit code 1 when they do not.')
    .option('--json', 'print JSON')
    .action((options: { json?: true }) => {
      const violations = withBooks(({ database }) => auditBooks(database));
      if (options.json) printJson({ violations });
      else if (violations.length === 0) printLine('The books add up.');
      else for (const line of violations) printLine(line);
      if (violations.length > 0) process.exitCode = 1;
    });
}
