/** The hashes of a file that is read or written piece by piece, held against what the hub knows of it. */
import { createHash, type Hash } from 'node:crypto';
import type { FileFacts } from './hub-client.ts';

/** SHA-256, and git's hash where that is what the hub knows. */
export class FileDigests {
  readonly #facts: FileFacts;
  readonly #sha256 = createHash('sha256');
  readonly #gitBlob: Hash | undefined;

  constructor(facts: FileFacts) {
    this.#facts = facts;
    if (facts.gitBlob === undefined) return;
    this.#gitBlob = createHash('sha1').update(`blob ${facts.bytes}\0`);
  }

  /** The next bytes. */
  update(chunk: Uint8Array): void {
    this.#sha256.update(chunk);
    this.#gitBlob?.update(chunk);
  }

  /** SHA-256 of the bytes so far, in hexadecimal. */
  get sha256(): string {
    return this.#sha256.copy().digest('hex');
  }

  /** Whether the bytes so far have the hashes that the hub knows. */
  areRight(): boolean {
    const { sha256, gitBlob } = this.#facts;
    if (sha256 !== undefined && this.sha256 !== sha256) return false;
    return gitBlob === undefined || this.#gitBlob?.copy().digest('hex') === gitBlob;
  }
}
