/**
 * Standard normal noise from a seed, the same on every provider and machine. Philox4x32-10 (Salmon et al.,
 * "Parallel random numbers: as easy as 1, 2, 3", SC 2011) is a counter turned into bits: block `b` of draw
 * `d` of picture `p` is the counter (b, d, p, 0) under the key (low, high half of the seed), whatever was
 * drawn before. Its four words give two pairs of the Box-Muller transform: the first word of a pair is the
 * radius's uniform (word + 1) / 2^32, the second the angle's word / 2^32; the cosine comes first.
 */

const ROUNDS = 10;
const TWO_32 = 2 ** 32;

/** High 32 bits of the product of two unsigned 32-bit numbers. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = (middle % 0x10000) + aLow * bHigh;
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)) >>> 0;
}

/** One block of Philox4x32-10. @param counter four words, replaced by four random ones. */
export function philox(counter: Uint32Array, keyLow: number, keyHigh: number): void {
  let [c0 = 0, c1 = 0, c2 = 0, c3 = 0] = counter;
  let low = keyLow >>> 0;
  let high = keyHigh >>> 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const high0 = multiplyHigh(0xd2511f53, c0);
    const high1 = multiplyHigh(0xcd9e8d57, c2);
    const low0 = Math.imul(0xd2511f53, c0) >>> 0;
    const low1 = Math.imul(0xcd9e8d57, c2) >>> 0;
    c0 = (high1 ^ c1 ^ low) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ high) >>> 0;
    c3 = low0;
    low = (low + 0x9e3779b9) >>> 0;
    high = (high + 0xbb67ae85) >>> 0;
  }
  counter[0] = c0;
  counter[1] = c1;
  counter[2] = c2;
  counter[3] = c3;
}

/** Where the random numbers of a run come from; parity runs put in stored ones. */
export interface NoiseSource {
  /**
   * Fill `into`, pictures one after the other, with standard normal noise.
   * @param draw number of this draw in the run: another draw is other noise.
   * @param pictures how many pictures `into` holds.
   */
  fill(into: Float32Array, draw: number, pictures: number): void;
}

/** Noise of a seed. Picture `p` of a batch gets the same noise whatever the size of the batch. */
export class SeededNoise implements NoiseSource {
  readonly #keyLow: number;
  readonly #keyHigh: number;

  /** @param seed a whole number from 0 to 2^53 - 1. @throws RangeError for another. */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed) || seed < 0)
      throw new RangeError(`Expected a seed from 0 to 2^53 - 1, received ${seed}.`);
    this.#keyLow = seed % TWO_32;
    this.#keyHigh = Math.floor(seed / TWO_32);
  }

  fill(into: Float32Array, draw: number, pictures: number): void {
    const length = into.length / pictures;
    const words = new Uint32Array(4);
    for (let picture = 0; picture < pictures; picture += 1) {
      const target = into.subarray(picture * length, (picture + 1) * length);
      for (let block = 0; block * 4 < length; block += 1) {
        words.set([block, draw, picture, 0]);
        philox(words, this.#keyLow, this.#keyHigh);
        for (let pair = 0; pair < 4; pair += 2) {
          const radius = Math.sqrt(-2 * Math.log(((words[pair] as number) + 1) / TWO_32));
          const angle = (2 * Math.PI * (words[pair + 1] as number)) / TWO_32;
          const at = block * 4 + pair;
          // Beyond the end of a typed array nothing is written.
          target[at] = radius * Math.cos(angle);
          target[at + 1] = radius * Math.sin(angle);
        }
      }
    }
  }
}
