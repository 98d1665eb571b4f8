/** The last few outputs of a multistep run, in buffers that are made once and used in turn. */
export class OutputHistory {
  readonly #buffers: readonly Float32Array[];
  #pushed = 0;

  /** @param size how many outputs are kept */
  constructor(length: number, size: number) {
    this.#buffers = Array.from({ length: size }, () => new Float32Array(length));
  }

  /** How many outputs are held. */
  get count(): number {
    return Math.min(this.#pushed, this.#buffers.length);
  }

  /** The oldest buffer, which becomes the newest and is to be overwritten. */
  next(): Float32Array {
    this.#pushed += 1;
    return this.at(0);
  }

  /** The output of `age` pushes ago; 0 is the newest. */
  at(age: number): Float32Array {
    const buffer = this.#buffers[(this.#pushed - 1 - age) % this.#buffers.length];
    if (buffer === undefined) throw new RangeError(`No output of ${age} steps ago`);
    return buffer;
  }
}
