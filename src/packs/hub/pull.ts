/**
 * Pulls one pack of the catalogue: the revision is pinned to a commit, the files are taken from there and
 * checked, and a pack folder with its lock appears when everything is whole.
 */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CatalogueEntry } from '../catalogue.ts';
import { checkLicence } from '../licence.ts';
import { manifestSchema } from '../manifest.ts';
import { StagingFolder } from '../staging-folder.ts';
import type { FileOrder } from './download.ts';
import { downloadSet, type SetParts } from './download-set.ts';
import type { FileFacts, HubClient } from './hub-client.ts';
import { HubError } from './hub-error.ts';
import { PACK_LOCK, type PackLock, readPackLock } from './pack-lock.ts';

/** What a pull goes by. */
export interface PullParts extends SetParts {
  readonly hub: HubClient;
  /** Written into the lock. */
  readonly hubUrl: string;
  /** The folder of packs. */
  readonly packsDir: string;
  /** Name of the licence without commercial use that the operator accepts. */
  readonly acceptedLicence?: string | undefined;
  /** Told before the files are fetched. */
  readonly onPinned?: ((commit: string, bytes: number) => void) | undefined;
}

/** A pack in its place. */
export interface PulledPack {
  readonly folder: string;
  readonly commit: string;
  readonly bytes: number;
}

interface PackOrder extends FileOrder {
  readonly from: string;
  readonly role: string | undefined;
}

/** A pack of the same id that was not pulled is somebody's own work. */
function checkPlace(folder: string): void {
  if (!existsSync(folder) || readPackLock(folder) !== undefined) return;
  throw new HubError(`${folder} is there and was not pulled. Move it away first.`);
}

type CatalogueFile = CatalogueEntry['files'][number];

/** What a file must be: what the hub says, which must be what the catalogue says. */
function factsOf(entry: CatalogueEntry, file: CatalogueFile, listed?: FileFacts): FileFacts {
  const name = `${file.from} of ${entry.repository}`;
  if (listed === undefined) throw new HubError(`There is no ${name} at this revision.`);
  if (listed.bytes === 0) throw new HubError(`${name} is empty.`);
  if (file.bytes !== undefined && file.bytes !== listed.bytes) {
    throw new HubError(
      `${name} has ${listed.bytes} bytes on the hub, the catalogue says ${file.bytes}.`,
    );
  }
  const { sha256 = listed.sha256 } = file;
  if (listed.sha256 !== undefined && listed.sha256 !== sha256) {
    throw new HubError(`${name} has another SHA-256 on the hub than the catalogue says.`);
  }
  return { ...listed, sha256 };
}

function textsOf(
  entry: CatalogueEntry,
  lock: PackLock,
  orders: readonly PackOrder[],
): Readonly<Record<string, string>> {
  const {
    repository,
    revision: _revision,
    files: _files,
    verified: _verified,
    facts: _facts,
    ...own
  } = entry;
  const hashes = new Map(lock.files.map((file) => [file.path, file.sha256]));
  const manifest = {
    ...own,
    source: { kind: 'hub', repository, revision: lock.commit },
    files: orders.map(({ role, path, bytes }) => ({
      ...(role === undefined ? {} : { role }),
      ...{ path, bytes, sha256: hashes.get(path) },
    })),
  };
  manifestSchema.parse(manifest);
  const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
  return { [PACK_LOCK]: json(lock), 'pack.json': json(manifest) };
}

async function ordersOf(
  entry: CatalogueEntry,
  commit: string,
  { hub, signal }: PullParts,
): Promise<readonly PackOrder[]> {
  const listed = await hub.filesOf(entry.repository, commit, signal);
  return entry.files.map((file) => ({
    ...factsOf(entry, file, listed.get(file.from)),
    ...{ from: file.from, path: file.path, role: file.role },
    url: hub.fileUrl(entry.repository, commit, file.from),
  }));
}

/**
 * Pull a pack. A pull that failed or was killed is gone on with by the next one.
 * @throws PackError or HubError with one plain line, or the signal's reason.
 */
export async function pullPack(entry: CatalogueEntry, parts: PullParts): Promise<PulledPack> {
  checkLicence(entry, parts.acceptedLicence);
  await mkdir(parts.packsDir, { recursive: true });
  checkPlace(join(parts.packsDir, entry.id));
  const work = await StagingFolder.hold(parts.packsDir, entry.id);
  try {
    const commit = await parts.hub.commitOf(entry.repository, entry.revision, parts.signal);
    const orders = await ordersOf(entry, commit, parts);
    const bytes = orders.reduce((sum, order) => sum + order.bytes, 0);
    parts.onPinned?.(commit, bytes);
    const hashes = await downloadSet(orders, work.path, parts);
    const lock: PackLock = {
      lockVersion: 1,
      hubUrl: parts.hubUrl,
      ...{ repository: entry.repository, revision: entry.revision, commit },
      pulledAt: new Date().toISOString(),
      ...(entry.licence.commercialUse ? {} : { acceptedLicence: entry.licence.spdx }),
      files: orders.map(({ from, path, bytes: size }) => ({
        ...{ from, path, bytes: size, sha256: hashes.get(path) ?? '' },
      })),
    };
    const paths = orders.map(({ path }) => path);
    const folder = await work.publish(paths, textsOf(entry, lock, orders));
    return { folder, commit, bytes };
  } finally {
    work.release();
  }
}
