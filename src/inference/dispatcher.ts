/**
 * Gives the lanes of an engine process their work, first come, first served: the lane that has the packs, else the
 * one where they come in at the least cost. The first in line is never passed by, so that a large pack does get its
 * room; it only ever waits for a lane that is at work.
 */
import type { Lane } from './lane.ts';
import type { PackMover } from './pack-mover.ts';
import { compareCosts, costOf, type RoomPlan } from './residency.ts';
import type { Resident, Residents } from './residents.ts';
import type { WorkerFailure } from './worker.ts';

/** Something that needs packs in a lane. */
export interface Work {
  readonly packIds: readonly string[];
  /** Done in a lane that has them. */
  readonly perform: (lane: Lane) => Promise<WorkerFailure | undefined>;
  readonly end: (failure?: WorkerFailure) => void;
  /** Told what was tried when memory ran out. */
  readonly onShortage: (tried: string) => void;
}

/** What the dispatcher stands on. */
export interface DispatcherParts {
  readonly lanes: readonly Lane[];
  readonly residents: Residents;
  readonly mover: PackMover;
  /** Told when something came in, went out or was used. */
  readonly onChanged: () => void;
}

interface Placed {
  readonly lane: Lane;
  readonly plan: Extract<RoomPlan, { kind: 'evict' }>;
}

/** The longest a timer can be set for. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The lanes of one device and what waits for them. */
export class Dispatcher {
  readonly #parts: DispatcherParts;
  readonly #queue: Work[] = [];
  readonly #unloads: { readonly packId: string; readonly end: () => void }[] = [];
  /** Packs on their way out because their time was up. */
  readonly #leaving: string[] = [];
  /** What lanes are doing; the process must not end in the middle of it. */
  readonly #pending = new Set<Promise<void>>();
  #expiry: NodeJS.Timeout | undefined;

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
  }

  /** Put work in line. */
  add(work: Work): void {
    this.#queue.push(work);
    this.#advance();
  }

  /** Take work out of the line. @returns Whether it was still there. */
  remove(work: Work): boolean {
    const place = this.#queue.indexOf(work);
    if (place === -1) return false;
    this.#queue.splice(place, 1);
    this.#advance();
    return true;
  }

  /** Give a pack back in every lane, each as soon as what it is at is done. */
  unload(packId: string, end: () => void): void {
    this.#parts.residents.doom(packId);
    this.#unloads.push({ packId, end });
    this.#advance();
  }

  /** Look after packs whose time may be up; the first call is what starts the clock. */
  attend(): void {
    this.#advance();
  }

  /** Wait until nothing is at work or in line. */
  async drain(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
    clearTimeout(this.#expiry);
  }

  /** Begin whatever can begin now. */
  #advance(): void {
    const { residents } = this.#parts;
    const due = residents.due((packId) =>
      this.#queue.some(({ packIds }) => packIds.includes(packId)),
    );
    if (due.length > 0) this.#track(this.#giveBack(due));
    for (let work = this.#queue[0]; work !== undefined; work = this.#queue[0]) {
      const placed = this.#place(work);
      if (placed === 'wait') break;
      this.#queue.shift();
      if ('reason' in placed) work.end({ kind: 'no_room', message: placed.reason });
      else this.#begin(work, placed);
    }
    for (const unload of [...this.#unloads]) {
      const { packId, end } = unload;
      if (residents.isGoing(packId) || this.#leaving.includes(packId)) continue;
      this.#unloads.splice(this.#unloads.indexOf(unload), 1);
      end();
    }
    this.#awaitExpiry();
  }

  async #giveBack(due: readonly Resident[]): Promise<void> {
    const packIds = due.map(({ packId }) => packId);
    this.#leaving.push(...packIds);
    await this.#parts.mover.release(due);
    for (const packId of packIds) this.#leaving.splice(this.#leaving.indexOf(packId), 1);
    this.#parts.onChanged();
  }

  /** Note what lanes do, and go on when it is done. */
  #track(doing: Promise<void>): void {
    const tracked = doing.then(() => {
      this.#pending.delete(tracked);
      this.#advance();
    });
    this.#pending.add(tracked);
  }

  #awaitExpiry(): void {
    clearTimeout(this.#expiry);
    const waitMs = Math.max(0, this.#parts.residents.nextExpiryMs - performance.now());
    if (waitMs === Number.POSITIVE_INFINITY) return;
    this.#expiry = setTimeout(() => this.#advance(), Math.min(waitMs + 1, MAX_TIMER_MS));
  }

  #place({ packIds }: Work): Placed | 'wait' | { readonly reason: string } {
    const { lanes, residents } = this.#parts;
    const plans = lanes
      .filter(({ isBusy }) => !isBusy)
      .map((lane) => ({ lane, plan: residents.plan(lane, packIds) }));
    const wanted = packIds.map((packId) => ({ packId, mib: residents.sizeOf(packId) }));
    const [best] = plans
      .filter((place): place is Placed => place.plan.kind === 'evict')
      .sort(
        (a, b) =>
          compareCosts(costOf(a.plan, wanted), costOf(b.plan, wanted)) ||
          a.lane.packs.size - b.lane.packs.size,
      );
    if (best !== undefined) return best;
    const nevers = plans.map(({ plan }) => plan).filter((plan) => plan.kind === 'never');
    return nevers.length < plans.length ? 'wait' : (nevers[0] ?? 'wait');
  }

  #begin(work: Work, { lane, plan }: Placed): void {
    const { lanes, residents, mover, onChanged } = this.#parts;
    mover.begin(lane);
    const evicted = plan.copies.flatMap(({ packId, lane: number }) =>
      lanes.filter((one) => one.number === number).map((one) => ({ packId, lane: one })),
    );
    const missing = plan.missing.map((packId) => ({ lane, packId }));
    const room = mover.release(evicted);
    for (const resident of missing) residents.enter(resident);
    const carried = room
      .then(() => {
        if (evicted.length > 0) this.#advance(); // other lanes that made room are free again
        return this.#carry(work, lane, missing);
      })
      .then((failure) => {
        lane.isBusy = false;
        work.end(failure);
        onChanged();
      });
    this.#track(carried);
  }

  async #carry(
    work: Work,
    lane: Lane,
    missing: readonly Resident[],
  ): Promise<WorkerFailure | undefined> {
    const { residents, mover } = this.#parts;
    const relieved = new Relief(work, () => this.#evictIdle(work, lane));
    for (const [at, resident] of missing.entries()) {
      const failure = await relieved.attempt(() => {
        if (!lane.packs.has(resident.packId)) residents.enter(resident);
        return mover.load(resident);
      });
      if (failure === undefined) continue;
      for (const left of missing.slice(at)) residents.leave(left);
      return failure;
    }
    return relieved.attempt(() => work.perform(lane));
  }

  /** Give back everything that nobody needs now. @returns Its names. */
  async #evictIdle({ packIds }: Work, lane: Lane): Promise<readonly string[]> {
    const idle = this.#parts.residents.idle(lane, packIds);
    await this.#parts.mover.release(idle);
    return [...new Set(idle.map(({ packId }) => packId))];
  }
}

/** One second try for a piece of work that ran out of memory, when room could be made. */
class Relief {
  readonly #work: Work;
  readonly #evict: () => Promise<readonly string[]>;
  #isSpent = false;

  constructor(work: Work, evict: () => Promise<readonly string[]>) {
    this.#work = work;
    this.#evict = evict;
  }

  async attempt(
    step: () => Promise<WorkerFailure | undefined>,
  ): Promise<WorkerFailure | undefined> {
    const failure = await step();
    if (failure?.kind !== 'out_of_memory' || this.#isSpent) return failure;
    this.#isSpent = true;
    const evicted = await this.#evict();
    this.#work.onShortage(
      evicted.length === 0 ? 'no idle pack to give back' : `gave back ${evicted.join(', ')}`,
    );
    return evicted.length === 0 ? failure : step();
  }
}
