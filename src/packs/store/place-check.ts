/** Whether a pack may take its place among the installed ones. */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type PackFolder, readPackFolders } from '../installed.ts';
import { PackError, STARTER_PACKS } from '../registry.ts';

/** The folder that answers for an id: the operator's, else the repository's. */
export function installedFolder(packsDir: string, id: string): PackFolder | undefined {
  const roots = [STARTER_PACKS, packsDir].filter((root) => existsSync(root));
  return readPackFolders(roots).findLast(({ manifest }) => manifest?.id === id);
}

/**
 * @param isReplacing whether the operator asked for a pack of the same id to be replaced.
 * @throws PackError naming what is in the way.
 */
export function checkPlace(packsDir: string, id: string, isReplacing: boolean): void {
  const found = installedFolder(packsDir, id);
  const folder = found?.folder ?? join(packsDir, id);
  if (found === undefined && !existsSync(folder)) return;
  const isOwn = found?.folder.startsWith(join(packsDir, '/')) ?? false;
  if (isOwn && basename(folder) !== id) {
    throw new PackError(`${folder} has the id ${id}. Call the folder ${id}, or move it away.`);
  }
  if (isReplacing) return;
  const version = found?.manifest === undefined ? '' : ` ${found.manifest.version}`;
  throw new PackError(`${id}${version} is in ${folder} already. Replace it with --replace.`);
}
