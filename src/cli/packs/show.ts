/** `garnish packs show ID`. */
import { findEntry, readCatalogue } from '../../packs/catalogue.ts';
import { readPackFolders, sizeOf } from '../../packs/installed.ts';
import { readPackOrigin } from '../../packs/pack-origin.ts';
import { printJson, printLine, printTable } from '../output.ts';
import { entryFacts, installedFacts, type PackFacts, verifiedText } from './facts.ts';
import type { ListFlags } from './list.ts';
import { packRoots } from './roots.ts';

interface Shown extends PackFacts {
  readonly name: string;
  readonly description: string;
  readonly state: 'installed' | 'available';
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
}

function installedDetails(id: string): Details | undefined {
  const found = readPackFolders(packRoots()).findLast(({ manifest }) => manifest?.id === id);
  if (found?.manifest === undefined) return undefined;
  const { manifest, lock, folder } = found;
  const { name, description, version } = manifest;
  const origin = readPackOrigin(folder);
  return {
    pack: {
      ...installedFacts(manifest, lock, folder),
      ...{ state: 'installed', name, description, version, folder },
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

function entryDetails(id: string, catalogue: string): Details {
  const entry = findEntry(readCatalogue(catalogue), id);
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
  const { pack, files } = installedDetails(id) ?? entryDetails(id, flags.catalogue);
  if (flags.json) {
    printJson({ ...pack, files });
    return;
  }
  const width = Math.max(...Object.keys(pack).map((key) => key.length));
  for (const [key, value] of Object.entries(pack)) {
    printLine(`${key.padEnd(width)}  ${value ?? 'known to the hub'}`);
  }
  printTable(files.map((file) => ({ ...file })));
}
