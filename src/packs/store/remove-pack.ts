/**
 * Takes a pack of the operator's away: out of its place by a rename, then deleted, so that a kill leaves no half of
 * it. A server that has it loaded keeps it until it is started again.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, lstatSync, readdirSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { readPackFolders } from '../installed.ts';
import { PackError, STARTER_PACKS } from '../registry.ts';
import { syncFolder } from '../staging-folder.ts';

/** What stands before the name of a pack that is being deleted. */
export const REMOVED_PREFIX = '.removed-';

/** A pack that was, or would be, removed. */
export interface RemovedPack {
  readonly folder: string;
  readonly bytes: number;
}

/** Bytes of a file, or of all files in a folder; a link counts as itself. */
export function bytesIn(path: string): number {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 0;
  if (!stat.isDirectory()) return stat.size;
  return readdirSync(path).reduce((sum, name) => sum + bytesIn(join(path, name)), 0);
}

/** Delete what lies at a path of the folder of packs, at once as far as a server can see. */
export async function deleteWhole(packsDir: string, path: string): Promise<void> {
  const gone = join(
    packsDir,
    `${REMOVED_PREFIX}${basename(path)}-${randomBytes(4).toString('hex')}`,
  );
  await rename(path, gone);
  await syncFolder(packsDir);
  await rm(gone, { recursive: true, force: true });
}

/** @throws PackError when there is none that may be removed. */
function folderOf(packsDir: string, id: string): string {
  const own = existsSync(packsDir) ? readPackFolders([packsDir]) : [];
  const found = own.filter((pack) => (pack.manifest?.id ?? basename(pack.folder)) === id);
  const [first, second] = found;
  if (second !== undefined) {
    throw new PackError(`${id} is in ${first?.folder} and in ${second.folder}. Move one away.`);
  }
  if (first !== undefined) return first.folder;
  const isStarter = readPackFolders([STARTER_PACKS]).some(({ manifest }) => manifest?.id === id);
  throw new PackError(
    isStarter
      ? `${id} comes with the server and cannot be removed.`
      : `There is no pack ${id} in ${packsDir}.`,
  );
}

/**
 * Remove a pack.
 * @param isDryRun only tell what would go.
 * @throws PackError when it is not there, comes with the server, or a setting names it.
 */
export async function removePack(
  id: string,
  options: {
    readonly packsDir: string;
    /** Packs that a setting names: the server would not start without them. */
    readonly named: readonly string[];
    readonly isDryRun: boolean;
  },
): Promise<RemovedPack> {
  const folder = folderOf(options.packsDir, id);
  if (options.named.includes(id)) {
    throw new PackError(`GARNISH_MODEL_PACKS names ${id}: change that setting first.`);
  }
  const bytes = bytesIn(folder);
  if (!options.isDryRun) await deleteWhole(options.packsDir, folder);
  return { folder, bytes };
}
