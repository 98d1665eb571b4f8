#!/usr/bin/env node
/** The `garnish` command: every subcommand is a file of `src/cli/`. */
import { Command } from 'commander';
import { addAccountsCommand } from './cli/accounts.ts';
import { addBenchCommand } from './cli/bench.ts';
import { addCreditsCommand } from './cli/credits.ts';
import { addKeysCommand } from './cli/keys.ts';
import { addServeCommand } from './cli/serve.ts';
import { readVersion } from './cli/version.ts';
import { ConfigError } from './config.ts';

const program = new Command('garnish')
  .description('Self-hosted inference server for food photographs.')
  .version(readVersion())
  .showHelpAfterError();

addServeCommand(program);
addAccountsCommand(program);
addKeysCommand(program);
addCreditsCommand(program);
addBenchCommand(program);

try {
  await program.parseAsync();
} catch (error) {
  const lines = error instanceof ConfigError ? error.lines : [String((error as Error).message)];
  for (const line of lines) process.stderr.write(`garnish: ${line}\n`);
  process.exitCode = 1;
}
