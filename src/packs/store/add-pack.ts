/** Installs a pack from a folder: copied, hashed on the way, and sealed, so that later changes are found. */
import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { checkRoom, type FreeBytes } from '../disk-room.ts';
import { checkFamily } from '../families.ts';
import { type CopyHooks, copySpan, openPlain } from '../file-copy.ts';
import { type Transfer, TransferMeter } from '../hub/transfer-meter.ts';
import { checkLicence } from '../licence.ts';
import type { Manifest } from '../manifest.ts';
import {
  checkPaths,
  type PackJson,
  plainFileBytes,
  readPackJson,
  type Seal,
  sealPackJson,
  textsOf,
} from '../pack-json.ts';
import { PACK_ORIGIN, type PackOrigin } from '../pack-origin.ts';
import { assertAllListed, PackError } from '../registry.ts';
import { StagingFolder } from '../staging-folder.ts';
import { checkPlace } from './place-check.ts';

/** What an addition goes by. */
export interface AddParts {
  /** The folder of packs. */
  readonly packsDir: string;
  /** Name of the licence without commercial use that the operator accepts. */
  readonly acceptedLicence?: string | undefined;
  /** Whether a pack of the same id is replaced. */
  readonly isReplacing: boolean;
  readonly signal: AbortSignal;
  /** Runs the pack once before it takes its place. @throws Error when it cannot be served. */
  readonly tryOut?: ((manifest: Manifest, folder: string) => Promise<void>) | undefined;
  readonly onProgress?: ((transfer: Transfer) => void) | undefined;
  readonly freeBytes?: FreeBytes | undefined;
}

/** A pack in its place. */
export interface AddedPack {
  readonly id: string;
  readonly folder: string;
  readonly bytes: number;
}

/** What the manifest says a file is, where it says so, must be what was copied. */
function checkSeal(folder: string, path: string, found: Seal, files: Manifest['files']): void {
  const listed = files.find((file) => file.path === path);
  if (listed?.sha256 === undefined) return;
  if (listed.sha256 === found.sha256 && listed.bytes === found.bytes) return;
  throw new PackError(`${join(folder, path)} is not the file that its pack.json lists.`);
}

/** Copy the files into the staging folder. @returns size and hash of each. */
async function copyFiles(
  source: string,
  sizes: ReadonlyMap<string, number>,
  work: StagingFolder,
  hooks: CopyHooks,
): Promise<ReadonlyMap<string, Seal>> {
  const seals = new Map<string, Seal>();
  for (const [path, bytes] of sizes) {
    const name = join(source, path);
    const handle = await openPlain(name);
    try {
      const target = { folder: work.path, path, partPath: work.partPath };
      const span = { handle, name, offset: 0, bytes };
      seals.set(path, { bytes, sha256: await copySpan(span, target, hooks) });
    } finally {
      await handle.close();
    }
  }
  return seals;
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

function originOf({ licence }: Manifest): PackOrigin {
  return {
    originVersion: 1,
    how: 'added',
    at: new Date().toISOString(),
    ...(licence.commercialUse ? {} : { acceptedLicence: licence.spdx }),
  };
}

/** The pack of a folder, all that can be said without reading its files checked. */
function checkedPack(source: string, parts: AddParts): PackJson {
  const pack = readPackJson(source);
  const { manifest } = pack;
  checkFamily(manifest);
  checkLicence(manifest, parts.acceptedLicence);
  const paths = manifest.files.map(({ path }) => path);
  checkPaths(manifest.id, [...paths, ...textsOf(source, manifest)]);
  assertAllListed(source, manifest);
  checkPlace(parts.packsDir, manifest.id, parts.isReplacing);
  return pack;
}

/**
 * Install a pack from a folder, which is left as it is.
 * @throws PackError with one plain line, or the signal's reason; then nothing has changed.
 */
export async function addPack(folder: string, parts: AddParts): Promise<AddedPack> {
  if (!existsSync(folder)) throw new PackError(`There is no folder ${folder}.`);
  const source = realpathSync(folder);
  mkdirSync(parts.packsDir, { recursive: true });
  const pack = checkedPack(source, parts);
  const { id, files } = pack.manifest;
  const paths = [...files.map(({ path }) => path), ...textsOf(source, pack.manifest)];
  const sizes = new Map(paths.map((path) => [path, plainFileBytes(source, path)]));
  const bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  const work = await StagingFolder.hold(parts.packsDir, id);
  try {
    await checkRoom(bytes, parts.packsDir, parts.freeBytes);
    const meter = new TransferMeter(bytes);
    const onBytes = (count: number) => {
      meter.received(count);
      parts.onProgress?.(meter.read());
    };
    const seals = await copyFiles(source, sizes, work, { signal: parts.signal, onBytes });
    for (const [path, seal] of seals) checkSeal(source, path, seal, files);
    const { raw, manifest } = sealPackJson(pack, seals);
    await parts.tryOut?.(manifest, work.path);
    const place = await work.publish(paths, {
      [PACK_ORIGIN]: json(originOf(manifest)),
      'pack.json': json(raw),
    });
    return { id, folder: place, bytes };
  } catch (error) {
    await work.discard();
    throw error;
  }
}
