/** Copies files of any size in constant memory, hashed on the way. */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Seal } from './pack-json.ts';
import { PackError } from './registry.ts';

const CHUNK_BYTES = 1024 * 1024;

/** Bytes of an open file. */
export interface Span {
  readonly handle: FileHandle;
  /** What messages call it. */
  readonly name: string;
  readonly offset: number;
  readonly bytes: number;
}

/** What a copy goes by. */
export interface CopyHooks {
  readonly signal: AbortSignal;
  /** Told of each piece. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/** Open for reading; a link is refused. @throws PackError when it cannot be. */
export async function openPlain(path: string): Promise<FileHandle> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch((cause) => {
    const reason = cause.code === 'ELOOP' ? 'it is a link' : cause.message;
    throw new PackError(`${path} cannot be read: ${reason}.`, { cause });
  });
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  throw new PackError(`${path} is no plain file.`);
}

/** Write all of a piece. @throws PackError when the disk is full or broken. */
export async function writeAll(handle: FileHandle, name: string, chunk: Uint8Array): Promise<void> {
  try {
    for (let done = 0; done < chunk.length; ) {
      const { bytesWritten } = await handle.write(chunk, done, chunk.length - done);
      done += bytesWritten;
    }
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const reason = code === 'ENOSPC' ? 'the disk is full' : message;
    throw new PackError(`${name} cannot be written: ${reason}.`, { cause });
  }
}

/**
 * Read a span to its end. @param take is given each piece; it may not keep it.
 * @returns its SHA-256. @throws PackError when it ends too early, or the signal's reason.
 */
export async function readSpan(
  span: Span,
  take: (chunk: Uint8Array) => Promise<void>,
  { signal, onBytes }: CopyHooks,
): Promise<string> {
  const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, span.bytes));
  const hash = createHash('sha256');
  for (let done = 0; done < span.bytes; ) {
    signal.throwIfAborted();
    const wanted = Math.min(buffer.length, span.bytes - done);
    const { bytesRead } = await span.handle.read(buffer, 0, wanted, span.offset + done);
    if (bytesRead === 0) throw new PackError(`${span.name} ends too early: it was cut off.`);
    const chunk = buffer.subarray(0, bytesRead);
    hash.update(chunk);
    await take(chunk);
    done += bytesRead;
    onBytes?.(bytesRead);
  }
  return hash.digest('hex');
}

/** Size and hash of a file. */
export async function hashFile(path: string, hooks: CopyHooks): Promise<Seal> {
  const handle = await openPlain(path);
  try {
    const { size: bytes } = await handle.stat();
    const sha256 = await readSpan(
      { handle, name: path, offset: 0, bytes },
      async () => undefined,
      hooks,
    );
    return { bytes, sha256 };
  } finally {
    await handle.close();
  }
}

/** Whether a file is there with this size and hash. */
export async function isThere(path: string, seal: Seal, hooks: CopyHooks): Promise<boolean> {
  const stat = await lstat(path).catch(() => undefined);
  if (!stat?.isFile() || stat.size !== seal.bytes) return false;
  return (await hashFile(path, hooks)).sha256 === seal.sha256;
}

/** Where a copy goes. */
export interface CopyTarget {
  /** Folder and path in it: there the file is whole or not at all. */
  readonly folder: string;
  readonly path: string;
  /** Where it grows, in the same file system. */
  readonly partPath: string;
  /** What it must hash to; absent: anything. */
  readonly sha256?: string | undefined;
}

/**
 * Copy a span to a file of its own, durably. @returns its SHA-256.
 * @throws PackError when it is not what it must be; then nothing is at the place.
 */
export async function copySpan(
  span: Span,
  { folder, path, partPath, sha256 }: CopyTarget,
  hooks: CopyHooks,
): Promise<string> {
  const place = join(folder, path);
  await rm(partPath, { force: true });
  const part = await open(partPath, 'wx', 0o644);
  try {
    const found = await readSpan(span, (chunk) => writeAll(part, place, chunk), hooks);
    if (sha256 !== undefined && found !== sha256) {
      throw new PackError(`${span.name} does not have its SHA-256: it was changed or damaged.`);
    }
    await part.sync();
    await mkdir(dirname(place), { recursive: true });
    await rename(partPath, place);
    return found;
  } finally {
    await part.close();
  }
}
