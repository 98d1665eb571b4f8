/** `garnish packs show ID`. */
import {
  type Catalogue,
  exportCommandOf,
  findEntry,
  readCatalogue,
} from '../../packs/catalogue.ts';
import { readPackFolders, sizeOf } from '../../packs/installed.ts';
import { readPackOrigin } from '../../packs/pack-origin.ts';
import { printJson, printLine, printTable } from '../output.ts';
import {
  entryFacts,
  exportFacts,
  installedFacts,
  installedText,
  type PackFacts,
  UNVERIFIED,
  verifiedText,
} from './facts.ts';
import type { ListFlags } from './list.ts';
import { packRoots } from './roots.ts';

interface Shown extends PackFacts {
  readonly name: string;
  readonly description: string;
  readonly state: 'installed' | 'available' | 'to export';
  readonly [further: string]: unknown;
}

interface ShownFile {
  readonly path: string;
  readonly role: string | null;
  readonly bytes: number | null;
  readonly sha256: string | null;
}

interface Details {
  readonly pack: Shown;
  readonly files: readonly ShownFile[];
  /** What is printed in place of a fact that nobody here knows. */
  readonly unknownText?: string;
}

function installedDetails(id: string, catalogue: Catalogue): Details | undefined {
  const found = readPackFolders(packRoots()).findLast(({ manifest }) => manifest?.id === id);
  if (found?.manifest === undefined) return undefined;
  const { manifest, lock, folder } = found;
  const { name, description, version } = manifest;
  const origin = readPackOrigin(folder);
  return {
    pack: {
      ...installedFacts(manifest, lock, folder),
      ...{ state: 'installed', name, description, version, folder },
      checked: installedText(catalogue, id, lock),
      ...(lock === undefined
        ? {}
        : { hub: lock.hubUrl, commit: lock.commit, pulled: lock.pulledAt }),
      ...(origin === undefined ? {} : { [origin.how]: origin.at }),
      ...(origin?.signer === undefined ? {} : { signer: origin.signer }),
    },
    files: manifest.files.map((file) => ({
      ...{ path: file.path, role: file.role, bytes: sizeOf(folder, file) },
      sha256: file.sha256 ?? null,
    })),
  };
}

function entryDetails(id: string, catalogue: Catalogue): Details {
  const made = catalogue.toExport.find((candidate) => candidate.id === id);
  if (made !== undefined) {
    const { name, description, facts } = made;
    const state = 'to export' as const;
    const checked = UNVERIFIED;
    const further = { command: exportCommandOf(made), facts: facts.join(' ') };
    const pack = { ...exportFacts(made), state, name, description, checked, ...further };
    return { pack, files: [], unknownText: 'known after the export' };
  }
  const entry = findEntry(catalogue, id);
  const { name, description, version } = entry;
  return {
    pack: {
      ...entryFacts(entry),
      ...{ state: 'available', name, description, version },
      checked: entry.verified === null ? verifiedText(entry) : `verified: ${entry.verified}`,
      facts: entry.facts.join(' '),
    },
    files: entry.files.map(({ path, role = null, bytes = null, sha256 = null }) => ({
      ...{ path, role, bytes, sha256 },
    })),
  };
}

/** Print all that is known of one pack: of the installed one, else of the catalogue's. */
export function showPack(id: string, flags: ListFlags): void {
  const catalogue = readCatalogue(flags.catalogue);
  const details = installedDetails(id, catalogue) ?? entryDetails(id, catalogue);
  const { pack, files, unknownText = 'known to the hub' } = details;
  if (flags.json) {
    printJson({ ...pack, files });
    return;
  }
  const width = Math.max(...Object.keys(pack).map((key) => key.length));
  for (const [key, value] of Object.entries(pack)) {
    printLine(`${key.padEnd(width)}  ${value ?? unknownText}`);
  }
  printTable(files.map((file) => ({ ...file })));
}
