/** Downloads the files of a pack, a few at once; what an earlier run finished is checked and kept. */
import { createReadStream } from 'node:fs';
import { lstat, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { checkRoom, type FreeBytes } from '../disk-room.ts';
import { type DownloadParts, downloadFile, type FileOrder } from './download.ts';
import { FileDigests } from './file-digests.ts';
import { type Transfer, TransferMeter } from './transfer-meter.ts';

const LANES = 4;

/** What a set is downloaded with. */
export interface SetParts extends Omit<DownloadParts, 'meter'> {
  /** Told whenever bytes came; it decides itself how often it says so. */
  readonly onProgress?: ((transfer: Transfer) => void) | undefined;
  /** Bytes that may be written in a folder; default: what the file system says. */
  readonly freeBytes?: FreeBytes | undefined;
}

async function sizeOf(path: string): Promise<number> {
  return await lstat(path).then(
    (stat) => (stat.isFile() ? stat.size : 0),
    () => 0,
  );
}

/** Bytes of the files that an earlier run did not bring. */
async function missingBytes(orders: readonly FileOrder[], folder: string): Promise<number> {
  let missing = 0;
  for (const { path, bytes } of orders) {
    const place = join(folder, path);
    const there = Math.max(await sizeOf(place), await sizeOf(`${place}.part`));
    missing += Math.max(0, bytes - there);
  }
  return missing;
}

/** SHA-256 of a file that is already whole; undefined, and gone, when it is another. */
async function keptHash(order: FileOrder, folder: string): Promise<string | undefined> {
  const place = join(folder, order.path);
  const size = await sizeOf(place);
  if (size === order.bytes) {
    const digests = new FileDigests(order);
    for await (const chunk of createReadStream(place)) digests.update(chunk);
    if (digests.areRight()) return digests.sha256;
  }
  await rm(place, { force: true });
  return undefined;
}

/**
 * Download files into a folder.
 * @returns SHA-256 of each by its path.
 * @throws PackError when the disk has too little room, HubError of the first that failed, when all have
 *   stopped, or the signal's reason.
 */
export async function downloadSet(
  orders: readonly FileOrder[],
  folder: string,
  parts: SetParts,
): Promise<ReadonlyMap<string, string>> {
  await checkRoom(await missingBytes(orders, folder), folder, parts.freeBytes);
  const meter = new TransferMeter(orders.reduce((sum, { bytes }) => sum + bytes, 0));
  const ending = new AbortController();
  const signal = AbortSignal.any([parts.signal, ending.signal]);
  const hashes = new Map<string, string>();
  const tell = setInterval(() => parts.onProgress?.(meter.read()), 200).unref();
  const waiting = [...orders].sort((a, b) => b.bytes - a.bytes);

  const lane = async () => {
    for (let order = waiting.shift(); order !== undefined; order = waiting.shift()) {
      signal.throwIfAborted();
      const kept = await keptHash(order, folder);
      if (kept !== undefined) meter.found(order.bytes);
      const sha256 = kept ?? (await downloadFile(order, folder, { ...parts, signal, meter }));
      hashes.set(order.path, sha256);
    }
  };
  const stopOthers = (error: unknown) => {
    ending.abort(error);
    throw error;
  };
  try {
    await Promise.allSettled(Array.from({ length: LANES }, () => lane().catch(stopOthers)));
  } finally {
    clearInterval(tell);
  }
  signal.throwIfAborted(); // the reason is the first failure, or the caller's
  parts.onProgress?.(meter.read());
  return hashes;
}
