/** Downloads the files of a pack, a few at once; what an earlier run finished is checked and kept. */
import { createReadStream } from 'node:fs';
import { lstat, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { type DownloadParts, downloadFile, type FileOrder } from './download.ts';
import { FileDigests } from './file-digests.ts';
import { HubError } from './hub-error.ts';
import { type Transfer, TransferMeter } from './transfer-meter.ts';

const LANES = 4;
/** Room that is left on the disk beside the files. */
const SPARE_BYTES = 64 * 1024 * 1024;

/** What a set is downloaded with. */
export interface SetParts extends Omit<DownloadParts, 'meter'> {
  /** Told whenever bytes came; it decides itself how often it says so. */
  readonly onProgress?: ((transfer: Transfer) => void) | undefined;
  /** Bytes that may be written in a folder; default: what the file system says. */
  readonly freeBytes?: ((folder: string) => Promise<number>) | undefined;
}

async function freeBytesOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

async function sizeOf(path: string): Promise<number> {
  return await lstat(path).then(
    (stat) => (stat.isFile() ? stat.size : 0),
    () => 0,
  );
}

/** 5.2 GB, 31 MB, 12 kB: as disks are sold. */
export function sizeText(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  const step = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const value = bytes / 1000 ** step;
  return `${step === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[step]}`;
}

/** @throws HubError when the disk has too little room for what is missing. */
async function checkRoom(
  orders: readonly FileOrder[],
  folder: string,
  parts: SetParts,
): Promise<void> {
  let missing = 0;
  for (const { path, bytes } of orders) {
    const place = join(folder, path);
    const there = Math.max(await sizeOf(place), await sizeOf(`${place}.part`));
    missing += Math.max(0, bytes - there);
  }
  if (missing === 0) return;
  const free = await (parts.freeBytes ?? freeBytesOf)(folder);
  if (free >= missing + SPARE_BYTES) return;
  throw new HubError(
    `${sizeText(missing)} and ${sizeText(SPARE_BYTES)} to spare are needed in ${folder}, ${sizeText(free)} are free there.`,
  );
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
 * @throws HubError of the first that failed, when all have stopped, or the signal's reason.
 */
export async function downloadSet(
  orders: readonly FileOrder[],
  folder: string,
  parts: SetParts,
): Promise<ReadonlyMap<string, string>> {
  await checkRoom(orders, folder, parts);
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
