/** Writes packs into one signed file; every byte is hashed again on the way, so that no damage is passed on. */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { checkRoom, type FreeBytes } from '../disk-room.ts';
import { type CopyHooks, hashFile, openPlain, readSpan, writeAll } from '../file-copy.ts';
import { readPackLock } from '../hub/pack-lock.ts';
import { type Transfer, TransferMeter } from '../hub/transfer-meter.ts';
import {
  checkPaths,
  plainFileBytes,
  readPackJson,
  type Seal,
  sealPackJson,
  textsOf,
} from '../pack-json.ts';
import { PackError } from '../registry.ts';
import { syncFolder } from '../staging-folder.ts';
import { type BundleHeader, writeHead } from './header.ts';
import type { SigningKey } from './signing-key.ts';

/** What an export goes by. */
export interface ExportParts {
  /** Folders of the packs, each once. */
  readonly folders: readonly string[];
  /** The bundle; nothing is there yet. */
  readonly to: string;
  readonly key: SigningKey;
  readonly signal: AbortSignal;
  readonly onProgress?: ((transfer: Transfer) => void) | undefined;
  readonly freeBytes?: FreeBytes | undefined;
}

/** A bundle that is whole. */
export interface ExportedBundle {
  readonly file: string;
  readonly bytes: number;
  readonly packs: readonly string[];
}

interface SourceFile extends Seal {
  readonly place: string;
}

interface SourcePack {
  readonly entry: BundleHeader['packs'][number];
  readonly files: readonly SourceFile[];
}

/** What the header says of a pack; files that no manifest has a hash of are hashed here. */
async function describePack(folder: string, hooks: CopyHooks): Promise<SourcePack> {
  const found = readPackJson(folder);
  const seals = new Map<string, Seal>();
  const texts = textsOf(folder, found.manifest);
  for (const { path, bytes, sha256 } of [
    ...found.manifest.files,
    ...texts.map((path) => ({ path, bytes: undefined, sha256: undefined })),
  ]) {
    const size = plainFileBytes(folder, path);
    const place = join(folder, path);
    const seal = bytes === undefined || sha256 === undefined ? undefined : { bytes, sha256 };
    if (seal !== undefined && seal.bytes !== size) {
      throw new PackError(`${place} has ${size} bytes, its manifest says ${seal.bytes}.`);
    }
    seals.set(path, seal ?? (await hashFile(place, hooks)));
  }
  checkPaths(found.manifest.id, [...seals.keys()]);
  const lock = readPackLock(folder);
  const textEntries = [...seals]
    .filter(([path]) => texts.includes(path))
    .map(([path, seal]) => ({ path, ...seal }));
  return {
    entry: {
      manifest: sealPackJson(found, seals).raw,
      ...(lock === undefined ? {} : { lock: { ...lock, files: [...lock.files] } }),
      texts: textEntries,
    },
    files: [...seals].map(([path, seal]) => ({ place: join(folder, path), ...seal })),
  };
}

async function appendFile(out: FileHandle, to: string, file: SourceFile, hooks: CopyHooks) {
  const handle = await openPlain(file.place);
  try {
    const span = { handle, name: file.place, offset: 0, bytes: file.bytes };
    const found = await readSpan(span, (chunk) => writeAll(out, to, chunk), hooks);
    if (found !== file.sha256) {
      throw new PackError(`${file.place} does not have its SHA-256: it was changed or damaged.`);
    }
  } finally {
    await handle.close();
  }
}

/**
 * Write a bundle. @throws PackError with one plain line, or the signal's reason; then there is none.
 */
export async function exportBundle(parts: ExportParts): Promise<ExportedBundle> {
  const { to, signal } = parts;
  if (existsSync(to)) throw new PackError(`${to} is there already.`);
  const packs: SourcePack[] = [];
  for (const folder of parts.folders) packs.push(await describePack(folder, { signal }));
  const entries = packs.map(({ entry }) => entry);
  const head = writeHead({ createdAt: new Date().toISOString(), packs: entries }, parts.key);
  const files = packs.flatMap((pack) => pack.files);
  const bytes = files.reduce((sum, file) => sum + file.bytes, head.length);
  mkdirSync(dirname(to), { recursive: true });
  await checkRoom(bytes, dirname(to), parts.freeBytes);
  const part = `${to}.part`;
  rmSync(part, { force: true });
  const meter = new TransferMeter(bytes);
  const onBytes = (count: number) => {
    meter.received(count);
    parts.onProgress?.(meter.read());
  };
  const out = await open(part, 'wx', 0o644);
  try {
    await writeAll(out, to, head);
    for (const file of files) await appendFile(out, to, file, { signal, onBytes });
    await out.sync();
    await rename(part, to);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  } finally {
    await out.close();
  }
  await syncFolder(dirname(to));
  return { file: to, bytes, packs: entries.map(({ manifest }) => String(manifest['id'])) };
}
