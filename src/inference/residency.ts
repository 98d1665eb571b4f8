/**
 * Which packs leave a device's memory so that others may come in. Pure: what is loaded, what is wanted and the
 * budget go in, a decision comes out. Several lanes of a device may hold a copy of the same pack each.
 */

/** One pack in the memory of one lane. */
export interface Copy {
  readonly packId: string;
  readonly lane: number;
  readonly mib: number;
  /** Grows with time; the copy with the smallest goes first. */
  readonly lastUsedMs: number;
  /** Its lane is at work, so that it cannot be given back now. */
  readonly isHeld: boolean;
}

/** Packs that are to be in one lane at the same time. */
export interface RoomRequest {
  readonly lane: number;
  /** All of them, those that the lane has already among them. */
  readonly wanted: readonly { readonly packId: string; readonly mib: number }[];
  readonly copies: readonly Copy[];
  /** Infinity: no budget. */
  readonly budgetMib: number;
  readonly isPinned: (packId: string) => boolean;
  readonly exclusive: readonly (readonly string[])[];
}

/** What to do: make room by these, wait until a lane is free, or give up, since waiting will not help. */
export type RoomPlan =
  | {
      readonly kind: 'evict';
      readonly copies: readonly Copy[];
      readonly missing: readonly string[];
    }
  | { readonly kind: 'wait' }
  | { readonly kind: 'never'; readonly reason: string };

const sumOf = (items: readonly { readonly mib: number }[]): number =>
  items.reduce((sum, { mib }) => sum + mib, 0);

/** Whether two packs may not be in memory together. */
function areExclusive(groups: RoomRequest['exclusive'], one: string, other: string): boolean {
  return one !== other && groups.some((group) => group.includes(one) && group.includes(other));
}

/** Copies in the order they may go; the last copy of a pinned pack never does, nor one that is wanted where it is. */
function* victims(request: RoomRequest, kept: readonly Copy[]): Generator<Copy> {
  const { lane, wanted, isPinned } = request;
  const counts = new Map<string, number>();
  for (const { packId } of kept) counts.set(packId, (counts.get(packId) ?? 0) + 1);
  const isWantedHere = (copy: Copy) =>
    copy.lane === lane && wanted.some(({ packId }) => packId === copy.packId);
  for (const copy of [...kept].sort((a, b) => a.lastUsedMs - b.lastUsedMs)) {
    const count = counts.get(copy.packId) ?? 0;
    if (copy.isHeld || isWantedHere(copy) || (count === 1 && isPinned(copy.packId))) continue;
    counts.set(copy.packId, count - 1);
    yield copy;
  }
}

/**
 * Make room for packs in a lane that is free. Least recently used copies go first, and no more than need be. What is
 * larger than the budget by itself goes in alone.
 */
export function planRoom(request: RoomRequest): RoomPlan {
  const { lane, wanted, copies, budgetMib, isPinned, exclusive } = request;
  const has = ({ packId }: { readonly packId: string }) =>
    copies.some((copy) => copy.lane === lane && copy.packId === packId);
  const missing = wanted.filter((pack) => !has(pack));
  const rivals = copies.filter((copy) =>
    wanted.some(({ packId }) => areExclusive(exclusive, packId, copy.packId)),
  );
  const pinned = rivals.find(({ packId }) => isPinned(packId));
  if (pinned !== undefined) {
    const names = wanted.map(({ packId }) => packId).join(' and ');
    return {
      kind: 'never',
      reason: `${pinned.packId} is pinned and may not be in memory beside ${names}.`,
    };
  }
  if (rivals.some(({ isHeld }) => isHeld)) return { kind: 'wait' };
  const kept = copies.filter((copy) => !rivals.includes(copy));
  const evicted = [...rivals];
  const excess = () => sumOf(copies) - sumOf(evicted) + sumOf(missing) - budgetMib;
  for (const copy of victims(request, kept)) {
    if (missing.length === 0 || excess() <= 0) break;
    evicted.push(copy);
  }
  const names = missing.map(({ packId }) => packId);
  if (missing.length === 0 || excess() <= 0)
    return { kind: 'evict', copies: evicted, missing: names };
  const left = copies.filter((copy) => !evicted.includes(copy));
  if (left.some(({ isHeld }) => isHeld)) return { kind: 'wait' };
  const others = left.filter((copy) => !wanted.some(({ packId }) => packId === copy.packId));
  if (others.length === 0) return { kind: 'evict', copies: evicted, missing: names };
  const pins = [...new Set(others.map(({ packId }) => packId))].join(', ');
  return {
    kind: 'never',
    reason: `${names.join(' and ')} does not fit into ${budgetMib} MiB beside what is pinned: ${pins}.`,
  };
}

/** What a lane would cost: MiB that go, then MiB that come. */
export interface LaneCost {
  readonly evictedMib: number;
  readonly loadedMib: number;
}

/** The cost of a plan. */
export const costOf = (
  plan: Extract<RoomPlan, { kind: 'evict' }>,
  wanted: RoomRequest['wanted'],
): LaneCost => ({
  evictedMib: sumOf(plan.copies),
  loadedMib: sumOf(wanted.filter(({ packId }) => plan.missing.includes(packId))),
});

/** Orders lanes: one that has everything first, then the one where making room costs least. */
export const compareCosts = (a: LaneCost, b: LaneCost): number =>
  a.evictedMib - b.evictedMib || a.loadedMib - b.loadedMib;
