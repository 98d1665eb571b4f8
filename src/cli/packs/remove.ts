/** `garnish packs remove ID` and `garnish packs prune`. */
import { loadConfig } from '../../config.ts';
import { sizeText } from '../../packs/size-text.ts';
import { prunePacks } from '../../packs/store/prune.ts';
import { removePack } from '../../packs/store/remove-pack.ts';
import { printJson, printLine, printResult, printTable } from '../output.ts';
import { requiredPacksDir } from './roots.ts';

interface RemoveFlags {
  readonly dryRun?: true;
  readonly json?: true;
}

/** Remove a pack, or tell what that would free. */
export async function removeCommand(id: string, flags: RemoveFlags): Promise<void> {
  const isDryRun = flags.dryRun === true;
  const removed = await removePack(id, {
    packsDir: requiredPacksDir(),
    named: loadConfig().modelPacks.map((choice) => choice.slice(choice.indexOf('=') + 1)),
    isDryRun,
  });
  const { folder, bytes } = removed;
  const line = isDryRun
    ? `${folder} would be deleted: ${sizeText(bytes)}.`
    : `${folder} is deleted: ${sizeText(bytes)}. A running server keeps what it has loaded until its next start.`;
  printResult(flags, { id, ...removed, deleted: !isDryRun }, line);
}

interface PruneFlags extends RemoveFlags {
  readonly olderThan: number;
  readonly strays?: true;
}

const HOUR_MS = 3_600_000;

/** Delete leftovers, or tell what they are. */
export async function pruneCommand(flags: PruneFlags): Promise<void> {
  const isDryRun = flags.dryRun === true;
  const leftovers = await prunePacks({
    packsDir: requiredPacksDir(),
    olderThanMs: flags.olderThan * HOUR_MS,
    withStrays: flags.strays === true,
    isDryRun,
  });
  if (flags.json) {
    printJson(leftovers);
    return;
  }
  printTable(leftovers.map((leftover) => ({ ...leftover })));
  const bytes = leftovers.reduce((sum, leftover) => sum + leftover.bytes, 0);
  printLine(`${sizeText(bytes)} ${isDryRun ? 'would be freed' : 'freed'}.`);
}
