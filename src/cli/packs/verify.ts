/** `garnish packs verify [ID]`. */
import { basename } from 'node:path';
import { problemOf, readPackFolders } from '../../packs/installed.ts';
import { unsealedFilesOf } from '../../packs/manifest.ts';
import { printRows, type Row } from '../output.ts';
import { packRoots } from './roots.ts';

/** Hash the files of one pack, or of all; a pack that is damaged sets exit code 1. */
export async function verifyPacks(
  id: string | undefined,
  flags: { readonly json?: true },
): Promise<void> {
  const idOf = (pack: ReturnType<typeof readPackFolders>[number]) =>
    pack.manifest?.id ?? basename(pack.folder);
  const packs = readPackFolders(packRoots()).filter(
    (pack) => id === undefined || idOf(pack) === id,
  );
  if (packs.length === 0) throw new Error(`There is no installed pack ${id ?? 'at all'}.`);
  const rows: Row[] = [];
  for (const pack of packs) {
    const problem = await problemOf(pack);
    const { lock, manifest } = pack;
    const [unsealed] = manifest === undefined ? [] : unsealedFilesOf(manifest);
    const sound = unsealed === undefined ? 'whole' : 'unsealed';
    const unchecked = unsealed && `pack.json has no SHA-256 for ${unsealed}: it cannot be checked.`;
    rows.push({
      id: idOf(pack),
      result: problem === undefined ? sound : 'damaged',
      commit: lock?.commit ?? null,
      problem: problem ?? unchecked ?? null,
    });
    if (problem !== undefined) process.exitCode = 1;
  }
  printRows(flags, rows);
}
