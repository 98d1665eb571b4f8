/** The packs in a device's memory: their sizes, their use, and how long they stay. It decides nothing by itself. */
import type { EnginePack, EngineStart } from '../engine/protocol.ts';
import type {
  LoadOptions,
  Residency,
  ResidencySettings,
  ResidentPack,
} from '../engine/residency-terms.ts';
import type { HeldPack, Lane } from './lane.ts';
import { residentMib } from './memory-meter.ts';
import { type Copy, planRoom, type RoomPlan } from './residency.ts';

const MIB = 1024 * 1024;
const FOR_EVER = -1;

/** What a pack takes by its manifest, and not less than its files. */
const declaredMib = ({ memoryMib, bytes }: EnginePack): number => Math.max(memoryMib, bytes / MIB);

/** A pack in a lane. */
export interface Resident {
  readonly lane: Lane;
  readonly packId: string;
}

/** `performance.now()` as milliseconds UTC. */
const toUtc = (timeMs: number): number => Math.round(performance.timeOrigin + timeMs);

/** Who is in memory. */
export class Residents {
  readonly #lanes: readonly Lane[];
  readonly #packs: ReadonlyMap<string, EnginePack>;
  readonly #settings: ResidencySettings;
  readonly #measuredMib: Map<string, number>;
  /** What an operator asked for when loading a pack; forgotten when it goes. */
  readonly #wishes = new Map<string, LoadOptions>();
  #baseRssMib = residentMib();

  constructor(start: EngineStart, lanes: readonly Lane[]) {
    this.#lanes = lanes;
    this.#packs = new Map(start.packs.map((pack) => [pack.id, pack]));
    this.#settings = start.residency ?? {};
    this.#measuredMib = new Map(Object.entries(this.#settings.measuredMib ?? {}));
  }

  /** Take this moment as the one before the first pack. */
  begin(): void {
    this.#baseRssMib = residentMib();
  }

  /** MiB of one copy: measured, or by the manifest; 0 of a pack that does not exist. */
  sizeOf(packId: string): number {
    const pack = this.#packs.get(packId);
    return this.#measuredMib.get(packId) ?? (pack === undefined ? 0 : declaredMib(pack));
  }

  /** Whether the last copy stays. */
  isPinned(packId: string): boolean {
    return this.#wishes.get(packId)?.isPinned ?? this.#settings.pinned?.includes(packId) ?? false;
  }

  /** Remember what an operator asked for; what is not said stays as it is. */
  wish(packId: string, options: LoadOptions): void {
    const {
      keepAliveS = this.#wishes.get(packId)?.keepAliveS,
      isPinned = this.#wishes.get(packId)?.isPinned,
    } = options;
    this.#wishes.set(packId, { keepAliveS, isPinned });
  }

  /** Keep the largest size that was seen: what is freed stays in the allocator, so that later ones look small. */
  measured(packId: string, mib: number): void {
    const floor = (this.#packs.get(packId)?.bytes ?? 0) / MIB;
    this.#measuredMib.set(packId, Math.max(mib, floor, this.#measuredMib.get(packId) ?? 0));
  }

  /** How packs get into a lane that is free. */
  plan(lane: Lane, packIds: readonly string[]): RoomPlan {
    const { budgetMib = Number.POSITIVE_INFINITY, isBudgetStrict, exclusive = [] } = this.#settings;
    for (const id of packIds) {
      const pack = this.#packs.get(id);
      const mib = pack === undefined ? 0 : declaredMib(pack);
      if (isBudgetStrict !== true || mib <= budgetMib) continue;
      const reason = `${id} takes ${Math.ceil(mib)} MiB, more than the memory budget of ${budgetMib} MiB.`;
      return { kind: 'never', reason };
    }
    const wanted = packIds.map((packId) => ({ packId, mib: this.sizeOf(packId) }));
    const isPinned = (packId: string) => this.isPinned(packId);
    const copies = this.copies();
    return planRoom({ lane: lane.number, wanted, copies, budgetMib, isPinned, exclusive });
  }

  /** Every pack of every lane. */
  copies(): readonly Copy[] {
    return this.#lanes.flatMap((lane) =>
      [...lane.packs].map(([packId, { lastUsedMs }]) => ({
        ...{ packId, lane: lane.number, lastUsedMs },
        mib: this.sizeOf(packId),
        isHeld: lane.isBusy,
      })),
    );
  }

  /** A pack is on its way into a lane. */
  enter({ lane, packId }: Resident): void {
    const now = performance.now();
    lane.packs.set(packId, { loadedMs: now, lastUsedMs: now, uses: 0, isDoomed: false });
  }

  /** A pack is on its way out of a lane. */
  leave({ lane, packId }: Resident): void {
    lane.packs.delete(packId);
    if (!this.#lanes.some(({ packs }) => packs.has(packId))) this.#wishes.delete(packId);
  }

  /** A task has used packs of a lane. */
  used(lane: Lane, packIds: readonly string[]): void {
    for (const packId of packIds) {
      const held = lane.packs.get(packId);
      if (held === undefined) continue;
      held.lastUsedMs = performance.now();
      held.uses += 1;
    }
  }

  /** Let every copy of a pack go as soon as its lane is free, pinned or not. */
  doom(packId: string): void {
    for (const { packs } of this.#lanes) {
      const held = packs.get(packId);
      if (held !== undefined) held.isDoomed = true;
    }
  }

  /** Whether a copy still has to go. */
  isGoing(packId: string): boolean {
    return this.#lanes.some(({ packs }) => packs.get(packId)?.isDoomed === true);
  }

  /**
   * Packs of free lanes whose time is up.
   * @param isAwaited whether work in line needs a pack, which then stays.
   */
  due(isAwaited: (packId: string) => boolean): readonly Resident[] {
    const now = performance.now();
    const isDue = (packId: string, held: HeldPack) =>
      held.isDoomed || (this.#expiryOf(packId, held) <= now && !isAwaited(packId));
    return this.#lanes
      .filter(({ isBusy }) => !isBusy)
      .flatMap((lane) =>
        [...lane.packs]
          .filter(([packId, held]) => isDue(packId, held))
          .map(([packId]) => ({ lane, packId })),
      );
  }

  /** What may go so that one lane has all the memory: all but what is in use, wanted there, or pinned. */
  idle(own: Lane, wanted: readonly string[]): readonly Resident[] {
    return this.#lanes
      .filter((lane) => lane === own || !lane.isBusy)
      .flatMap((lane) =>
        [...lane.packs.keys()]
          .filter((packId) => !(lane === own && wanted.includes(packId)))
          .filter((packId) => !this.isPinned(packId))
          .map((packId) => ({ lane, packId })),
      );
  }

  /**
   * When the next pack's time will be up, as `performance.now()`; Infinity: never. One whose time has passed is in a
   * lane at work, and is looked after when that ends.
   */
  get nextExpiryMs(): number {
    const now = performance.now();
    const expiries = this.#lanes.flatMap(({ packs }) =>
      [...packs].map(([packId, held]) => this.#expiryOf(packId, held)),
    );
    return Math.min(...expiries.filter((ms) => ms > now), Number.POSITIVE_INFINITY);
  }

  /** What is told of all this. */
  get state(): Residency {
    const copies = this.copies();
    const ids = [...new Set(copies.map(({ packId }) => packId))];
    return {
      packs: ids.map((packId) => this.#describe(packId)),
      measuredMib: Object.fromEntries(this.#measuredMib),
      usedMib: copies.reduce((sum, { mib }) => sum + mib, 0),
      budgetMib: this.#settings.budgetMib ?? null,
      baseRssMib: this.#baseRssMib,
      rssMib: residentMib(),
    };
  }

  #describe(packId: string): ResidentPack {
    const held = this.#lanes
      .map(({ packs }) => packs.get(packId))
      .filter((one) => one !== undefined);
    const expiry = Math.max(...held.map((one) => this.#expiryOf(packId, one)));
    return {
      packId,
      copies: held.length,
      isPinned: this.isPinned(packId),
      keepAliveS: this.#keepAliveS(packId),
      uses: held.reduce((sum, { uses }) => sum + uses, 0),
      loadedAt: toUtc(Math.min(...held.map(({ loadedMs }) => loadedMs))),
      lastUsedAt: toUtc(Math.max(...held.map(({ lastUsedMs }) => lastUsedMs))),
      expiresAt: Number.isFinite(expiry) ? toUtc(expiry) : null,
    };
  }

  #keepAliveS(packId: string): number {
    return this.#wishes.get(packId)?.keepAliveS ?? this.#settings.keepAliveS ?? FOR_EVER;
  }

  /** A pack that is to go after each use waits for the first one. */
  #expiryOf(packId: string, { lastUsedMs, uses }: HeldPack): number {
    const keepAliveS = this.#keepAliveS(packId);
    const stays = keepAliveS === FOR_EVER || (keepAliveS === 0 && uses === 0);
    if (stays || this.isPinned(packId)) return Number.POSITIVE_INFINITY;
    return lastUsedMs + keepAliveS * 1000;
  }
}
