/** `garnish packs list`. */
import { readCatalogue } from '../../packs/catalogue.ts';
import { readPackFolders } from '../../packs/installed.ts';
import { printLine, printRows, type Row } from '../output.ts';
import {
  entryFacts,
  exportFacts,
  installedFacts,
  installedText,
  UNVERIFIED,
  verifiedText,
} from './facts.ts';
import { packRoots } from './roots.ts';

/** Options of `packs list`. */
export interface ListFlags {
  readonly catalogue: string;
  readonly json?: true;
}

/** Print what is installed, then what can be pulled, then what an export makes. */
export function listPacks(flags: ListFlags): void {
  const folders = readPackFolders(packRoots());
  const catalogue = readCatalogue(flags.catalogue);
  const { packs, toExport } = catalogue;
  const installed = folders.flatMap(({ manifest, lock, folder }): Row[] => {
    if (manifest === undefined) return [];
    const checked = installedText(catalogue, manifest.id, lock);
    return [{ ...installedFacts(manifest, lock, folder), state: 'installed', checked }];
  });
  const ids = new Set(installed.map(({ id }) => id));
  const available = packs
    .filter(({ id }) => !ids.has(id))
    .map((entry) => ({
      ...entryFacts(entry),
      state: 'available',
      checked: verifiedText(entry),
    }));
  const exportable = toExport
    .filter(({ id }) => !ids.has(id))
    .map((entry) => ({ ...exportFacts(entry), state: 'to export', checked: UNVERIFIED }));
  const broken = folders.flatMap(({ problem }) => (problem === undefined ? [] : [problem]));
  printRows(flags, [...installed, ...available, ...exportable]);
  for (const problem of broken) process.stderr.write(`garnish: ${problem}\n`);
  if (flags.json || [...available, ...exportable].every(({ checked }) => checked !== UNVERIFIED))
    return;
  printLine(
    'unverified: taken from public documentation; nobody of this project pulled and ran it.',
  );
}
