/** `garnish packs list`. */
import { readCatalogue } from '../../packs/catalogue.ts';
import { readPackFolders } from '../../packs/installed.ts';
import { printLine, printRows, type Row } from '../output.ts';
import { entryFacts, installedFacts, verifiedText } from './facts.ts';
import { packRoots } from './roots.ts';

/** Options of `packs list`. */
export interface ListFlags {
  readonly catalogue: string;
  readonly json?: true;
}

/** Print what is installed, then what can be pulled. */
export function listPacks(flags: ListFlags): void {
  const folders = readPackFolders(packRoots());
  const catalogue = readCatalogue(flags.catalogue);
  const checked = new Map(catalogue.map((entry) => [entry.id, verifiedText(entry)]));
  const installed = folders.flatMap(({ manifest, lock, folder }): Row[] => {
    if (manifest === undefined) return [];
    const catalogued = lock === undefined ? undefined : checked.get(manifest.id);
    const row = installedFacts(manifest, lock, folder);
    return [{ ...row, state: 'installed', checked: catalogued ?? 'own' }];
  });
  const ids = new Set(installed.map(({ id }) => id));
  const available = catalogue
    .filter(({ id }) => !ids.has(id))
    .map((entry) => ({
      ...entryFacts(entry),
      state: 'available',
      checked: verifiedText(entry),
    }));
  const broken = folders.flatMap(({ problem }) => (problem === undefined ? [] : [problem]));
  printRows(flags, [...installed, ...available]);
  for (const problem of broken) process.stderr.write(`garnish: ${problem}\n`);
  if (flags.json || available.every((row) => row.checked === 'verified')) return;
  printLine(
    'unverified: taken from public documentation; nobody of this project pulled and ran it.',
  );
}
