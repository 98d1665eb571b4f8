/**
 * A file on its way: `NAME.part`, and beside it `NAME.part.json`, which says what it is a part of. The
 * hash of what an earlier run left is read from the disk again, so that a resumed file is judged whole.
 */
import { constants } from 'node:fs';
import { type FileHandle, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { FileDigests } from './file-digests.ts';
import type { FileFacts } from './hub-client.ts';
import { HubError } from './hub-error.ts';

const noteSchema = z.object({
  bytes: z.int(),
  sha256: z.string().optional(),
  gitBlob: z.string().optional(),
  etag: z.string().optional(),
});
type Note = z.infer<typeof noteSchema>;

const { O_RDWR, O_CREAT, O_NOFOLLOW } = constants;
const READ_BYTES = 1024 * 1024;

async function readNote(path: string): Promise<Note | undefined> {
  try {
    return noteSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return undefined; // not there, or cut off by a kill: then the part is worth nothing
  }
}

/** Turns a full disk and the like into a plain line. */
async function onDisk<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const reason = code === 'ENOSPC' ? 'the disk is full' : message;
    throw new HubError(`${path} cannot be written: ${reason}.`, { cause });
  }
}

/** The part. */
export class PartFile {
  readonly #path: string;
  readonly #place: string;
  readonly #facts: FileFacts;
  readonly #handle: FileHandle;
  #digests: FileDigests;
  #bytes = 0;
  #etag: string | undefined;

  private constructor(place: string, facts: FileFacts, handle: FileHandle) {
    this.#place = place;
    this.#path = `${place}.part`;
    this.#facts = facts;
    this.#handle = handle;
    this.#digests = new FileDigests(facts);
  }

  /**
   * Open the part of a file, with what an earlier run left of the very same file.
   * @param place Where the whole file will be; its folder exists.
   */
  static async open(place: string, facts: FileFacts): Promise<PartFile> {
    const path = `${place}.part`;
    const handle = await onDisk(path, open(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o644));
    const part = new PartFile(place, facts, handle);
    const note = await readNote(`${path}.json`);
    const isSame =
      note?.bytes === facts.bytes && note.sha256 === facts.sha256 && note.gitBlob === facts.gitBlob;
    if (isSame && (await handle.stat()).size <= facts.bytes) await part.#readBack(note.etag);
    else await part.restart();
    return part;
  }

  /** Bytes that are there. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The server's mark of the version that the bytes are of. */
  get etag(): string | undefined {
    return this.#etag;
  }

  /** Hashes of the bytes that are there. */
  get digests(): FileDigests {
    return this.#digests;
  }

  /** Throw the bytes away and begin a version anew. */
  async restart(etag?: string): Promise<void> {
    await onDisk(this.#path, this.#handle.truncate(0));
    this.#digests = new FileDigests(this.#facts);
    this.#bytes = 0;
    this.#etag = etag;
    const note: Note = { ...this.#facts, ...(etag === undefined ? {} : { etag }) };
    await onDisk(this.#path, writeFile(`${this.#path}.json`, JSON.stringify(note)));
  }

  /** Write at the end. */
  async append(chunk: Uint8Array): Promise<void> {
    for (let done = 0; done < chunk.length; ) {
      const rest = chunk.subarray(done);
      const { bytesWritten } = await onDisk(
        this.#path,
        this.#handle.write(rest, 0, rest.length, this.#bytes + done),
      );
      done += bytesWritten;
    }
    this.#digests.update(chunk);
    this.#bytes += chunk.length;
  }

  /** Bring the whole file to its place, durably; the part is closed before. */
  async finish(): Promise<void> {
    await onDisk(this.#path, this.#handle.sync());
    await this.close();
    await onDisk(this.#place, rename(this.#path, this.#place));
    await rm(`${this.#path}.json`, { force: true });
    const folder = await open(dirname(this.#place), 'r');
    await folder.sync().finally(() => folder.close());
  }

  /** Leave the part for a later run; a second time it does nothing. */
  async close(): Promise<void> {
    await this.#handle.close();
  }

  /** Close and delete it. */
  async discard(): Promise<void> {
    await this.close();
    await rm(this.#path, { force: true });
    await rm(`${this.#path}.json`, { force: true });
  }

  async #readBack(etag: string | undefined): Promise<void> {
    const buffer = Buffer.alloc(READ_BYTES);
    for (;;) {
      const { bytesRead } = await this.#handle.read(buffer, 0, buffer.length, this.#bytes);
      if (bytesRead === 0) break;
      this.#digests.update(buffer.subarray(0, bytesRead));
      this.#bytes += bytesRead;
    }
    this.#etag = etag;
  }
}
