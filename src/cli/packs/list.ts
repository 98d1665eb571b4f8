/** `garnish packs list`. */
import { readCatalogue } from '../../packs/catalogue.ts';
import { readPackFolders } from '../../packs/installed.ts';
import { printLine, printRows, type Row } from '../output.ts';
import { entryFacts, exportFacts, installedFacts, verifiedText } from './facts.ts';
import { packRoots } from './roots.ts';

/** Options of `packs list`. */
export interface ListFlags {
  readonly catalogue: string;
  readonly json?: true;
}

/** Print what is installed, then what can be pulled, then what an export makes. */
export function listPacks(flags: ListFlags): void {
  const folders = readPackFolders(packRoots());
  const { packs, toExport } = readCatalogue(flags.catalogue);
  const checked = new Map(packs.map((entry) => [entry.id, verifiedText(entry)]));
  const installed = folders.flatMap(({ manifest, lock, folder }): Row[] => {
    if (manifest === undefined) return [];
    const catalogued = lock === undefined ? undefined : checked.get(manifest.id);
    const row = installedFacts(manifest, lock, folder);
    return [{ ...row, state: 'installed', checked: catalogued ?? 'own' }];
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
    .map((entry) => ({ ...exportFacts(entry), state: 'to export', checked: 'unverified' }));
  const broken = folders.flatMap(({ problem }) => (problem === undefined ? [] : [problem]));
  printRows(flags, [...installed, ...available, ...exportable]);
  for (const problem of broken) process.stderr.write(`garnish: ${problem}\n`);
  if (flags.json || available.every((row) => row.checked === 'verified')) return;
  printLine(
    'unverified: taken from public documentation; nobody of this project pulled and ran it.',
  );
}
