/**
 * A file that does nothing but hold disk room. Giving credits back needs a write, and on a full disk
 * none succeeds, not even a DELETE: then the ballast goes, and the write is tried again.
 */
import { existsSync, rmSync, statSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';

const CHUNK = Buffer.alloc(1024 * 1024, 0x67);

/** Holds room on the disk of a data folder. */
export class Ballast {
  readonly #path: string;
  readonly #bytes: number;
  readonly #freeBytes: () => Promise<number>;

  /** @param bytes Room to hold; 0 holds none. */
  constructor(dataDir: string, bytes: number, freeBytes: () => Promise<number>) {
    this.#path = join(dataDir, 'ballast');
    this.#bytes = bytes;
    this.#freeBytes = freeBytes;
  }

  /** Take the room when there is twice as much; called at the start and now and then. */
  async ensure(): Promise<void> {
    // A kill can leave half of it, and the setting can have changed.
    if ((statSync(this.#path, { throwIfNoEntry: false })?.size ?? 0) === this.#bytes) return;
    this.release();
    if (this.#bytes === 0) return;
    if ((await this.#freeBytes()) < 2 * this.#bytes) return;
    try {
      await this.#write();
    } catch {
      await rm(this.#path, { force: true }); // somebody else took the room: try again later
    }
  }

  /** Give the room back at once. @returns Whether there was any. */
  release(): boolean {
    if (!existsSync(this.#path)) return false;
    rmSync(this.#path, { force: true });
    return true;
  }

  /** Written out, since a sparse file holds nothing. */
  async #write(): Promise<void> {
    const file = await open(this.#path, 'w', 0o600);
    try {
      for (let left = this.#bytes; left > 0; left -= CHUNK.length) {
        await file.write(CHUNK, 0, Math.min(left, CHUNK.length));
      }
      await file.sync();
    } finally {
      await file.close();
    }
  }
}
