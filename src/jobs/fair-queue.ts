/**
 * The queue in front of the engine. Classes go before each other, accounts take turns within a class,
 * and one account's jobs keep their order, so that a hundred jobs do not stand before another account's
 * one, nor a batch before a caller who waits on the line. Admission bounds its length.
 */

/** Classes of jobs, the first goes first: a caller on the line, one in the background, one of a batch. */
export const JOB_PRIORITIES = ['interactive', 'async', 'batch'] as const;
/** One of them. */
export type JobPriority = (typeof JOB_PRIORITIES)[number];

/** Who waits. */
export interface Turn {
  readonly accountId: string;
  readonly jobId: string;
  readonly priority: JobPriority;
}

interface Waiter extends Turn {
  readonly signal: AbortSignal;
  readonly start: (release: () => void) => void;
  /** Takes it out of the queue, with the signal's reason. */
  readonly leave: () => void;
}

/** Every so many slots one goes to a lower class, so that none waits for ever. */
export const OUT_OF_TURN_EVERY = 8;
/** Classes such slots go to by turns: were it the lowest alone, a long batch would starve the middle. */
const OUT_OF_TURN: readonly JobPriority[] = ['batch', 'async'];

/** Waiters of one class. Maps and sets keep insertion order, and drop any element at once. */
class Lane {
  /** Accounts in the order of their next turn. */
  readonly #accounts = new Map<string, Set<Waiter>>();
  count = 0;

  add(waiter: Waiter): void {
    const waiters = this.#accounts.get(waiter.accountId) ?? new Set();
    this.#accounts.set(waiter.accountId, waiters.add(waiter));
    this.count += 1;
  }

  drop(waiter: Waiter): void {
    const waiters = this.#accounts.get(waiter.accountId);
    if (waiters?.delete(waiter) !== true) return;
    if (waiters.size === 0) this.#accounts.delete(waiter.accountId);
    this.count -= 1;
  }

  /** The first waiter of the account whose turn it is; the account then goes to the end. */
  take(): Waiter | undefined {
    const [turn] = this.#accounts;
    if (turn === undefined) return undefined;
    const [accountId, waiters] = turn;
    const [first] = waiters;
    if (first === undefined) return undefined;
    this.drop(first);
    this.#accounts.delete(accountId);
    if (waiters.size > 0) this.#accounts.set(accountId, waiters);
    return first;
  }

  /** How many of this lane start before a waiter. Cost O(accounts + its own account's waiters). */
  placeOf(waiter: Waiter): number {
    let rounds = 0;
    for (const other of this.#accounts.get(waiter.accountId) ?? []) {
      if (other === waiter) break;
      rounds += 1;
    }
    let place = 0;
    let isBehind = false;
    for (const [accountId, waiters] of this.#accounts) {
      if (accountId === waiter.accountId) {
        isBehind = true;
        place += rounds;
      } else {
        place += Math.min(waiters.size, isBehind ? rounds : rounds + 1);
      }
    }
    return place;
  }
}

/** Hands out slots. */
export class FairQueue {
  readonly #lanes: Readonly<Record<JobPriority, Lane>> = {
    interactive: new Lane(),
    async: new Lane(),
    batch: new Lane(),
  };
  readonly #waiters = new Map<string, Waiter>();
  readonly #slots: number;
  #freeSlots: number;
  #granted = 0;

  /** @param slots Jobs that may run at once. */
  constructor(slots: number) {
    this.#slots = slots;
    this.#freeSlots = slots;
  }

  /** Jobs that may run at once. */
  get slots(): number {
    return this.#slots;
  }

  /** Jobs waiting for a slot. */
  get waitingCount(): number {
    return this.#waiters.size;
  }

  /** Jobs that a new one of a class would wait behind. */
  waitingBefore(priority: JobPriority): number {
    const last = JOB_PRIORITIES.indexOf(priority);
    return JOB_PRIORITIES.slice(0, last + 1).reduce((sum, one) => sum + this.#lanes[one].count, 0);
  }

  /**
   * How many jobs start before one, as things stand; undefined when it does not wait. Slots that go to
   * a lower class out of turn are left out.
   */
  placeOf(jobId: string): number | undefined {
    const waiter = this.#waiters.get(jobId);
    if (waiter === undefined) return undefined;
    const { priority } = waiter;
    const lane = this.#lanes[priority];
    return this.waitingBefore(priority) - lane.count + lane.placeOf(waiter);
  }

  /**
   * Wait for a slot.
   * @returns A function that gives the slot back; calling it again does nothing.
   * @throws The signal's reason when it fires before the slot is there.
   */
  acquire(turn: Turn, signal: AbortSignal): Promise<() => void> {
    if (signal.aborted) return Promise.reject(signal.reason);
    if (this.#freeSlots > 0) {
      this.#freeSlots -= 1;
      return Promise.resolve(this.#releaser());
    }
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#lanes[turn.priority].drop(waiter);
        this.#waiters.delete(turn.jobId);
        signal.removeEventListener('abort', leave);
        reject(signal.reason);
      };
      const waiter: Waiter = {
        ...turn,
        signal,
        leave,
        start: (release) => {
          signal.removeEventListener('abort', leave);
          resolve(release);
        },
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#lanes[turn.priority].add(waiter);
      this.#waiters.set(turn.jobId, waiter);
    });
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

  /** The next waiter that still wants its slot: a signal can have fired before its listeners ran. */
  #takeNext(): Waiter | undefined {
    this.#granted += 1;
    const order = this.#classOrder();
    for (;;) {
      const priority = order.find((one) => this.#lanes[one].count > 0);
      const next = priority === undefined ? undefined : this.#lanes[priority].take();
      if (next === undefined) return undefined;
      if (!next.signal.aborted) {
        this.#waiters.delete(next.jobId);
        return next;
      }
      next.leave();
    }
  }

  /** Classes in the order in which they are asked for the next waiter. */
  #classOrder(): readonly JobPriority[] {
    if (this.#granted % OUT_OF_TURN_EVERY !== 0) return JOB_PRIORITIES;
    const turn = this.#granted / OUT_OF_TURN_EVERY;
    const isFirst = turn % 2 === 1;
    return [...(isFirst ? OUT_OF_TURN : OUT_OF_TURN.toReversed()), ...JOB_PRIORITIES];
  }
}
