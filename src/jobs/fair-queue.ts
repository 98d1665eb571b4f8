/**
 * The queue in front of the engine: jobs wait here and get slots round-robin between accounts, so
 * that one account's hundred jobs do not stand before another's one. Admission bounds its length.
 */

/** Class of a job. */
export type JobPriority = 'interactive' | 'async' | 'batch';

/** Who waits. */
export interface Turn {
  readonly accountId: string;
  readonly jobId: string;
  readonly priority: JobPriority;
}

interface Waiter {
  readonly start: (release: () => void) => void;
}

/** Hands out the engine's slots. */
export class FairQueue {
  /** Accounts in the order of their next turn; a Map keeps insertion order. */
  readonly #waiting = new Map<string, Waiter[]>();
  #waitingCount = 0;
  #freeSlots: number;

  /** @param slots Jobs that may run at once. */
  constructor(slots: number) {
    this.#freeSlots = slots;
  }

  /** Jobs waiting for a slot. */
  get waitingCount(): number {
    return this.#waitingCount;
  }

  /**
   * Wait for a slot.
   * @returns A function that gives the slot back; calling it again does nothing.
   * @throws The signal's reason when it fires before the slot is there.
   */
  acquire({ accountId }: Turn, signal: AbortSignal): Promise<() => void> {
    if (signal.aborted) return Promise.reject(signal.reason);
    if (this.#freeSlots > 0) {
      this.#freeSlots -= 1;
      return Promise.resolve(this.#releaser());
    }
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        start: (release) => {
          signal.removeEventListener('abort', leave);
          resolve(release);
        },
      };
      const leave = () => {
        this.#drop(accountId, waiter);
        reject(signal.reason);
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting.set(accountId, [...(this.#waiting.get(accountId) ?? []), waiter]);
      this.#waitingCount += 1;
    });
  }

  placeOf(_jobId: string): number | undefined {
    return undefined;
  }

  #releaser(): () => void {
    let isReleased = false;
    return () => {
      if (isReleased) return;
      isReleased = true;
      const next = this.#takeNext();
      if (next === undefined) this.#freeSlots += 1;
      else next.start(this.#releaser());
    };
  }

  /** The first waiter of the account whose turn it is; the account then goes to the end. */
  #takeNext(): Waiter | undefined {
    const [turn] = this.#waiting;
    if (turn === undefined) return undefined;
    const [accountId, [first, ...rest]] = turn;
    this.#waiting.delete(accountId);
    if (rest.length > 0) this.#waiting.set(accountId, rest);
    this.#waitingCount -= 1;
    return first;
  }

  #drop(accountId: string, waiter: Waiter): void {
    const rest = (this.#waiting.get(accountId) ?? []).filter((other) => other !== waiter);
    if (rest.length > 0) this.#waiting.set(accountId, rest);
    else this.#waiting.delete(accountId);
    this.#waitingCount -= 1;
  }
}
