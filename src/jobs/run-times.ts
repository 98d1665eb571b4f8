/**
 * How long tasks took lately: what waits are estimated from. Medians are kept for each operation, since
 * one median over all would say nothing of the few slow ones in a mixture.
 */

/** Tasks that are remembered, of each operation and in all. */
const REMEMBERED = 50;

function remember<T>(latest: T[], item: T): void {
  latest.push(item);
  if (latest.length > REMEMBERED) latest.shift();
}

/** Remembers the latest run times. */
export class RunTimes {
  readonly #times = new Map<string, number[]>();
  /** Operations of the latest tasks: the mixture to expect. */
  readonly #mixture: string[] = [];

  /** Note how long a task took, milliseconds. */
  note(operation: string, durationMs: number): void {
    const times = this.#times.get(operation) ?? [];
    this.#times.set(operation, times);
    remember(times, durationMs);
    remember(this.#mixture, operation);
  }

  /** Median of an operation's latest run times, milliseconds; 0 while nothing is known. */
  medianMs(operation: string): number {
    const sorted = [...(this.#times.get(operation) ?? [])].sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? 0;
  }

  /** Milliseconds until so many jobs have gone before, in the mixture of the latest tasks. */
  waitMs(before: number, slots: number): number {
    return (before / slots) * this.#typicalMs();
  }

  /** Mean of the operations' medians, each as often as it came lately; 0 while nothing is known. */
  #typicalMs(): number {
    if (this.#mixture.length === 0) return 0;
    const medians = new Map([...this.#times.keys()].map((one) => [one, this.medianMs(one)]));
    const sumMs = this.#mixture.reduce((sum, one) => sum + (medians.get(one) ?? 0), 0);
    return sumMs / this.#mixture.length;
  }
}
