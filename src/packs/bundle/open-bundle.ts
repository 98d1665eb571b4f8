/** Opens a bundle: nothing of it is believed before its signature, its signer and its length are right. */
import type { FileHandle } from 'node:fs/promises';
import { z } from 'zod';
import { openPlain } from '../file-copy.ts';
import { PackError } from '../registry.ts';
import { isSigned, PREFIX_BYTES, type ReadHead, readHeader, readPrefix } from './header.ts';
import { fingerprintOf } from './signing-key.ts';

/** A bundle whose head is right; its files are checked when they are copied. */
export interface OpenBundle extends ReadHead {
  readonly handle: FileHandle;
  /** Fingerprint of the key that signed it. */
  readonly signer: string;
}

async function readBytes(handle: FileHandle, start: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(buffer, done, length - done, start + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return buffer.subarray(0, done);
}

async function readHead(
  handle: FileHandle,
  isTrusted: (fingerprint: string) => boolean,
): Promise<Omit<OpenBundle, 'handle'>> {
  const prefix = readPrefix(await readBytes(handle, 0, PREFIX_BYTES));
  const header = await readBytes(handle, PREFIX_BYTES, prefix.headerBytes);
  if (header.length < prefix.headerBytes) throw new Error('it was cut off');
  if (!isSigned(header, prefix)) {
    throw new Error('its signature is not that of its header: it was changed or damaged');
  }
  const signer = fingerprintOf(prefix.publicKey);
  if (!isTrusted(signer)) {
    throw new Error(
      `it is signed by ${signer}, whom this installation does not know. If that is what its sender says, repeat with --trust ${signer}`,
    );
  }
  const head = readHeader(header);
  const { size } = await handle.stat();
  if (size !== head.totalBytes) {
    throw new Error(`it has ${size} bytes, its header says ${head.totalBytes}`);
  }
  return { ...head, signer };
}

/**
 * Open a bundle; the caller closes its handle.
 * @param isTrusted whether bundles of a signer are taken, by its fingerprint.
 * @throws PackError saying why it is not used.
 */
export async function openBundle(
  path: string,
  isTrusted: (fingerprint: string) => boolean,
): Promise<OpenBundle> {
  const handle = await openPlain(path);
  try {
    return { handle, ...(await readHead(handle, isTrusted)) };
  } catch (cause) {
    await handle.close();
    const reason =
      cause instanceof z.ZodError
        ? z.prettifyError(cause).replaceAll(/\s+/g, ' ')
        : (cause as Error).message.replace(/\.$/, '');
    throw new PackError(`${path} cannot be imported: ${reason}.`, { cause });
  }
}
