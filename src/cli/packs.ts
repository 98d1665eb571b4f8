/** `garnish packs`: what is installed, what can be pulled, and everything that is done with packs on disk. */
import type { Command } from 'commander';
import { CATALOGUE } from '../packs/catalogue.ts';
import { addCommand } from './packs/add.ts';
import { exportCommand, importCommand } from './packs/bundles.ts';
import { listPacks } from './packs/list.ts';
import { pullCommand } from './packs/pull.ts';
import { pruneCommand, removeCommand } from './packs/remove.ts';
import { addResidentCommands } from './packs/resident.ts';
import { showPack } from './packs/show.ts';
import { verifyPacks } from './packs/verify.ts';
import { wholeNumber } from './parse.ts';

const JSON_FLAG = ['--json', 'print one JSON value'] as const;
const DRY_RUN_FLAG = ['--dry-run', 'only tell what would be deleted'] as const;

/** Packs into and out of the folder of packs. */
function addStoreCommands(packs: Command): void {
  packs
    .command('add')
    .description('Install a pack from a folder with a pack.json: copied, run once, and sealed.')
    .argument('<folder>')
    .option('--accept-licence <name>', 'accept a licence without commercial use by its name')
    .option('--replace', 'replace a pack of the same id')
    .option('--no-try', 'do not run it once before: for another machine')
    .option(...JSON_FLAG)
    .action(addCommand);
  packs
    .command('remove')
    .description('Delete a pack of GARNISH_PACKS_DIR.')
    .argument('<id>')
    .option(...DRY_RUN_FLAG)
    .option(...JSON_FLAG)
    .action(removeCommand);
  packs
    .command('prune')
    .description('Delete what stopped pulls, imports and removals left; never a pack.')
    .option('--older-than <hours>', 'spare what was touched since', wholeNumber(0, 100_000), 24)
    .option('--strays', 'delete folders without a pack.json too')
    .option(...DRY_RUN_FLAG)
    .option(...JSON_FLAG)
    .action(pruneCommand);
}

/** Packs from one machine to another without a network. */
function addBundleCommands(packs: Command): void {
  packs
    .command('export')
    .description('Write packs into one signed file.')
    .argument('<id...>')
    .requiredOption('--to <file>', 'the file; it must not be there yet')
    .option(...JSON_FLAG)
    .action(exportCommand);
  packs
    .command('import')
    .description('Install the packs of a signed file; run again, it goes on.')
    .argument('<file>')
    .option('--trust <fingerprint>', 'take bundles of this signer from now on')
    .option('--accept-licence <names...>', 'accept licences without commercial use by their names')
    .option('--replace', 'replace packs of the same ids')
    .option(...JSON_FLAG)
    .action(importCommand);
}

/** Adds the command with its subcommands. */
export function addPacksCommand(program: Command): void {
  const packs = program.command('packs').description('Model packs (docs/packs.md).');
  const catalogue = [
    '--catalogue <file>',
    'catalogue of packs that can be pulled',
    CATALOGUE,
  ] as const;

  packs
    .command('list')
    .description('What is installed and what can be pulled.')
    .option(...catalogue)
    .option(...JSON_FLAG)
    .action(listPacks);
  packs
    .command('show')
    .description('All that is known of a pack.')
    .argument('<id>')
    .option(...catalogue)
    .option(...JSON_FLAG)
    .action(showPack);
  packs
    .command('pull')
    .description('Download a pack from the hub into GARNISH_PACKS_DIR; run again, it goes on.')
    .argument('<id>')
    .option('--revision <name>', "branch, tag or commit instead of the catalogue's")
    .option('--accept-licence <name>', 'accept a licence without commercial use by its name')
    .option(...catalogue)
    .option(...JSON_FLAG)
    .action(pullCommand);
  packs
    .command('verify')
    .description('Hash every file again; exit code 1 when a pack is not what was installed.')
    .argument('[id]')
    .option(...JSON_FLAG)
    .action(verifyPacks);
  addResidentCommands(packs);
  addStoreCommands(packs);
  addBundleCommands(packs);
}
