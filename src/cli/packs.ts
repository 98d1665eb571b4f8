/** `garnish packs`: what is installed, what can be pulled, pulling it, and checking it. */
import type { Command } from 'commander';
import { CATALOGUE } from '../packs/catalogue.ts';
import { listPacks } from './packs/list.ts';
import { pullCommand } from './packs/pull.ts';
import { addResidentCommands } from './packs/resident.ts';
import { showPack } from './packs/show.ts';
import { verifyPacks } from './packs/verify.ts';

/** Adds the command with its subcommands. */
export function addPacksCommand(program: Command): void {
  const packs = program.command('packs').description('Model packs (docs/packs.md).');
  const catalogue = [
    '--catalogue <file>',
    'catalogue of packs that can be pulled',
    CATALOGUE,
  ] as const;
  const json = ['--json', 'print one JSON value'] as const;

  packs
    .command('list')
    .description('What is installed and what can be pulled.')
    .option(...catalogue)
    .option(...json)
    .action(listPacks);
  packs
    .command('show')
    .description('All that is known of a pack.')
    .argument('<id>')
    .option(...catalogue)
    .option(...json)
    .action(showPack);
  packs
    .command('pull')
    .description('Download a pack from the hub into GARNISH_PACKS_DIR; run again, it goes on.')
    .argument('<id>')
    .option('--revision <name>', "branch, tag or commit instead of the catalogue's")
    .option('--accept-licence <name>', 'accept a licence without commercial use by its name')
    .option(...catalogue)
    .option(...json)
    .action(pullCommand);
  packs
    .command('verify')
    .description('Hash every file again; exit code 1 when a pack is not what was installed.')
    .argument('[id]')
    .option(...json)
    .action(verifyPacks);
  addResidentCommands(packs);
}
