/** Counts the bytes of a download, and tells from the last seconds how long the rest will take. */

/** Seconds that the speed is measured over. */
const WINDOW_MS = 10_000;
const SAMPLE_MS = 250;

/** How far a download is. */
export interface Transfer {
  readonly doneBytes: number;
  readonly totalBytes: number;
  readonly bytesPerSecond: number;
  /** Seconds until the end at this speed; undefined while nothing comes. */
  readonly etaS: number | undefined;
}

interface Sample {
  readonly atMs: number;
  readonly receivedBytes: number;
}

/** The meter. */
export class TransferMeter {
  readonly #totalBytes: number;
  readonly #now: () => number;
  readonly #samples: Sample[];
  #doneBytes = 0;
  #receivedBytes = 0;

  /** @param now Milliseconds of a steady clock. */
  constructor(totalBytes: number, now: () => number = () => performance.now()) {
    this.#totalBytes = totalBytes;
    this.#now = now;
    this.#samples = [{ atMs: now(), receivedBytes: 0 }];
  }

  /** Bytes that an earlier run left: done, and no sign of speed. */
  found(bytes: number): void {
    this.#doneBytes += bytes;
  }

  /** Bytes that came over the network. */
  received(bytes: number): void {
    this.#doneBytes += bytes;
    this.#receivedBytes += bytes;
    const atMs = this.#now();
    if (atMs - (this.#samples.at(-1)?.atMs ?? 0) < SAMPLE_MS) return;
    this.#samples.push({ atMs, receivedBytes: this.#receivedBytes });
    while ((this.#samples[1]?.atMs ?? atMs) <= atMs - WINDOW_MS) this.#samples.shift();
  }

  /** Bytes that were thrown away. */
  lost(bytes: number): void {
    this.#doneBytes -= bytes;
  }

  /** How far it is now. */
  read(): Transfer {
    const oldest = this.#samples[0] ?? { atMs: 0, receivedBytes: 0 };
    const seconds = (this.#now() - oldest.atMs) / 1000;
    const gained = this.#receivedBytes - oldest.receivedBytes;
    const bytesPerSecond = seconds > 0 ? gained / seconds : 0;
    const missing = this.#totalBytes - this.#doneBytes;
    return {
      doneBytes: this.#doneBytes,
      totalBytes: this.#totalBytes,
      bytesPerSecond,
      etaS: bytesPerSecond > 0 ? Math.ceil(missing / bytesPerSecond) : undefined,
    };
  }
}
