#!/usr/bin/env node
/** The `garnish` command: every subcommand is a file of `src/cli/`. */
import { Command } from 'commander';
import { addAccountsCommand } from './cli/accounts.ts';
import { addBenchCommand } from './cli/bench.ts';
import { addCreditsCommand } from './cli/credits.ts';
import { addKeysCommand } from './cli/keys.ts';
import { addPacksCommand } from './cli/packs.ts';
import { addParityCommand } from './cli/parity.ts';
import { addRunCommand } from './cli/run.ts';
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
addRunCommand(program);
addParityCommand(program);
addPacksCommand(program);

/** `serve` is the default command, so commander would take a mistyped command for its argument. */
function assertKnownCommand(name: string | undefined): void {
  if (name === undefined || name.startsWith('-') || name === 'help') return;
  const names = program.commands.map((command) => command.name());
  if (!names.includes(name)) throw new Error(`There is no command ${name}: ${names.join(', ')}.`);
}

// Nobody reads any more (`garnish packs list | head`): what is left to print is lost, and the work goes on.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

try {
  assertKnownCommand(process.argv[2]);
  await program.parseAsync();
} catch (error) {
  const lines = error instanceof ConfigError ? error.lines : [String((error as Error).message)];
  for (const line of lines) process.stderr.write(`garnish: ${line}\n`);
  process.exitCode = 1;
}
