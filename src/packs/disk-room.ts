/** Whether a disk has room for the files of a pack. */
import { statfs } from 'node:fs/promises';
import { PackError } from './registry.ts';
import { sizeText } from './size-text.ts';

/** Room that is left on the disk beside the files. */
const SPARE_BYTES = 64 * 1024 * 1024;

/** Bytes that may be written in a folder. */
export type FreeBytes = (folder: string) => Promise<number>;

async function freeBytesOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/**
 * @param missing bytes that will be written in the folder.
 * @throws PackError when the disk has too little room for them.
 */
export async function checkRoom(
  missing: number,
  folder: string,
  freeBytes: FreeBytes = freeBytesOf,
): Promise<void> {
  if (missing === 0) return;
  const free = await freeBytes(folder);
  if (free >= missing + SPARE_BYTES) return;
  throw new PackError(
    `${sizeText(missing)} and ${sizeText(SPARE_BYTES)} to spare are needed in ${folder}, ${sizeText(free)} are free there.`,
  );
}
