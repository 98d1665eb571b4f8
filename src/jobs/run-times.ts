/** How long tasks took lately: what waits are estimated from. */

/** Tasks that are remembered. */
const REMEMBERED = 50;

/** Remembers the latest run times. */
export class RunTimes {
  readonly #times: number[] = [];

  /** Note how long a task took, milliseconds. */
  note(durationMs: number): void {
    this.#times.push(durationMs);
    if (this.#times.length > REMEMBERED) this.#times.shift();
  }

  /** Median of the latest run times, milliseconds; 0 while nothing is known. */
  medianMs(): number {
    const sorted = [...this.#times].sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? 0;
  }

  /** Milliseconds until so many jobs before one have started. */
  waitMs(before: number, slots: number): number {
    return (before / slots) * this.medianMs();
  }
}
