/**
 * Installs the packs of a bundle. An import that was stopped or killed is gone on with by the next one: a pack that is
 * in its place and a file that is whole are checked and kept, the rest is copied.
 */
import { mkdirSync } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { checkRoom, type FreeBytes } from '../disk-room.ts';
import { checkFamily } from '../families.ts';
import { type CopyHooks, copySpan, isThere } from '../file-copy.ts';
import { PACK_LOCK, readPackLock } from '../hub/pack-lock.ts';
import { type Transfer, TransferMeter } from '../hub/transfer-meter.ts';
import { problemOf } from '../installed.ts';
import { checkLicence } from '../licence.ts';
import { readPackJson } from '../pack-json.ts';
import { PACK_ORIGIN, type PackOrigin } from '../pack-origin.ts';
import { StagingFolder, stagedFolder } from '../staging-folder.ts';
import { checkPlace, installedFolder } from '../store/place-check.ts';
import { type BundledPack, bytesOf } from './header.ts';
import type { OpenBundle } from './open-bundle.ts';

/** What an import goes by. */
export interface ImportParts {
  /** The bundle, open; what messages call it. */
  readonly bundle: OpenBundle;
  readonly name: string;
  /** The folder of packs. */
  readonly packsDir: string;
  /** Names of the licences without commercial use that the operator accepts. */
  readonly acceptedLicences: readonly string[];
  /** Whether packs of the same ids are replaced. */
  readonly isReplacing: boolean;
  readonly signal: AbortSignal;
  readonly onProgress?: ((transfer: Transfer) => void) | undefined;
  readonly freeBytes?: FreeBytes | undefined;
}

/** A pack of the bundle, in its place. */
export interface ImportedPack {
  readonly id: string;
  readonly folder: string;
  readonly bytes: number;
  /** Whether it was there, whole, before. */
  readonly wasThere: boolean;
  /** Bytes that were copied now. */
  readonly copiedBytes: number;
}

/** The folder where the very same pack is installed, whole. */
async function sameInstalled(packsDir: string, pack: BundledPack): Promise<string | undefined> {
  const found = installedFolder(packsDir, pack.manifest.id);
  if (found === undefined) return undefined;
  if (!isDeepStrictEqual(readPackJson(found.folder).raw, pack.packJson)) return undefined;
  if (!isDeepStrictEqual(readPackLock(found.folder), pack.lock)) return undefined;
  return (await problemOf(found)) === undefined ? found.folder : undefined;
}

/** Bytes that an earlier import did not bring. */
async function missingBytes(packs: readonly BundledPack[], packsDir: string): Promise<number> {
  let missing = 0;
  for (const { manifest, files } of packs) {
    for (const { path, bytes } of files) {
      const stat = await lstat(join(stagedFolder(packsDir, manifest.id), path)).catch(
        () => undefined,
      );
      if (stat?.size !== bytes) missing += bytes;
    }
  }
  return missing;
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** The files that make it a pack, the deciding one last. */
function textsOf({ manifest, lock, packJson }: BundledPack, signer: string) {
  const { licence } = manifest;
  const origin: PackOrigin = {
    originVersion: 1,
    how: 'imported',
    at: new Date().toISOString(),
    signer,
    ...(licence.commercialUse ? {} : { acceptedLicence: licence.spdx }),
  };
  return {
    [PACK_ORIGIN]: json(origin),
    ...(lock === undefined ? {} : { [PACK_LOCK]: json(lock) }),
    'pack.json': json(packJson),
  };
}

async function importPack(
  pack: BundledPack,
  parts: ImportParts,
  meter: TransferMeter,
): Promise<ImportedPack> {
  const { bundle, name, packsDir, signal } = parts;
  const { id } = pack.manifest;
  const hooks: CopyHooks = {
    signal,
    onBytes: (count) => {
      meter.received(count);
      parts.onProgress?.(meter.read());
    },
  };
  const work = await StagingFolder.hold(packsDir, id);
  try {
    let copiedBytes = 0;
    for (const file of pack.files) {
      if (await isThere(join(work.path, file.path), file, { signal })) {
        meter.found(file.bytes);
        continue;
      }
      const span = { ...file, handle: bundle.handle, name: `${file.path} of ${id} in ${name}` };
      const { path, sha256 } = file;
      await copySpan(span, { folder: work.path, path, partPath: work.partPath, sha256 }, hooks);
      copiedBytes += file.bytes;
    }
    const paths = pack.files.map(({ path }) => path);
    const folder = await work.publish(paths, textsOf(pack, bundle.signer));
    return { id, folder, bytes: bytesOf(pack), wasThere: false, copiedBytes };
  } finally {
    work.release();
  }
}

/** All that can be said of the packs before anything is written. @throws PackError. */
function checkPacks(packs: readonly BundledPack[], parts: ImportParts): void {
  for (const { manifest } of packs) {
    checkFamily(manifest);
    const { spdx } = manifest.licence;
    checkLicence(
      manifest,
      parts.acceptedLicences.find((accepted) => accepted === spdx),
    );
  }
}

/**
 * Install the packs of a bundle.
 * @throws PackError with one plain line, or the signal's reason; packs that were whole by then stay.
 */
export async function importBundle(parts: ImportParts): Promise<readonly ImportedPack[]> {
  const { bundle, packsDir } = parts;
  checkPacks(bundle.packs, parts);
  mkdirSync(packsDir, { recursive: true });
  const there = new Map<BundledPack, string>();
  for (const pack of bundle.packs) {
    const folder = await sameInstalled(packsDir, pack);
    if (folder === undefined) checkPlace(packsDir, pack.manifest.id, parts.isReplacing);
    else there.set(pack, folder);
  }
  const missing = bundle.packs.filter((pack) => !there.has(pack));
  await checkRoom(await missingBytes(missing, packsDir), packsDir, parts.freeBytes);
  const meter = new TransferMeter(bundle.packs.reduce((sum, pack) => sum + bytesOf(pack), 0));
  const imported: ImportedPack[] = [];
  for (const pack of bundle.packs) {
    const folder = there.get(pack);
    if (folder === undefined) {
      imported.push(await importPack(pack, parts, meter));
      continue;
    }
    await StagingFolder.clear(packsDir, pack.manifest.id);
    const bytes = bytesOf(pack);
    meter.found(bytes);
    imported.push({ id: pack.manifest.id, folder, bytes, wasThere: true, copiedBytes: 0 });
  }
  return imported;
}
