/** What is told of a pack, installed or not, with the same names everywhere. */
import type { Catalogue, CatalogueEntry, ExportEntry } from '../../packs/catalogue.ts';
import type { PackLock } from '../../packs/hub/pack-lock.ts';
import { sizeOf } from '../../packs/installed.ts';
import type { Manifest } from '../../packs/manifest.ts';

/** What both a manifest and an entry of the catalogue say. */
export interface PackFacts {
  readonly id: string;
  readonly task: string;
  readonly family: string;
  readonly precision: string;
  readonly licence: string;
  readonly commercial: boolean;
  /** null: only the hub knows. */
  readonly bytes: number | null;
  readonly memoryMiB: number;
  /** Where its files come from. */
  readonly from: string;
}

const factsOf = (
  pack: Manifest | CatalogueEntry | ExportEntry,
  bytes: number | null,
  from: string,
) => ({
  ...{ id: pack.id, task: pack.task, family: pack.family, precision: pack.precision },
  ...{ licence: pack.licence.spdx, commercial: pack.licence.commercialUse },
  ...{ bytes, memoryMiB: pack.memoryMiB, from },
});

/** A commit as people write it; names of branches stay whole. */
const shortened = (revision: string): string =>
  /^[0-9a-f]{40}$/.test(revision) ? revision.slice(0, 12) : revision;

/** Facts of an installed pack. */
export function installedFacts(
  manifest: Manifest,
  lock: PackLock | undefined,
  folder: string,
): PackFacts {
  const bytes = manifest.files.reduce((sum, file) => sum + (sizeOf(folder, file) ?? 0), 0);
  const from =
    lock === undefined ? manifest.source.kind : `${lock.repository}@${shortened(lock.commit)}`;
  return factsOf(manifest, bytes, from);
}

/** Facts of a pack that can be pulled. */
export function entryFacts(entry: CatalogueEntry): PackFacts {
  const bytes = entry.files.reduce<number | null>(
    (sum, file) => (sum === null || file.bytes === undefined ? null : sum + file.bytes),
    0,
  );
  return factsOf(entry, bytes, `${entry.repository}@${shortened(entry.revision)}`);
}

/** Facts of a pack that an export makes. */
export const exportFacts = (entry: ExportEntry): PackFacts =>
  factsOf(entry, null, entry.checkpoint);

/** What is said of packs that nobody of this project ran. */
export const UNVERIFIED = 'unverified';

/** Whether this project ran a pack of the catalogue. */
export const verifiedText = ({ verified }: CatalogueEntry): string =>
  verified === null ? UNVERIFIED : 'verified';

/** The same of an installed pack; `own` is one that was not pulled by the catalogue. */
export function installedText({ packs }: Catalogue, id: string, lock: PackLock | undefined) {
  const entry = lock === undefined ? undefined : packs.find((candidate) => candidate.id === id);
  return entry === undefined ? 'own' : verifiedText(entry);
}
