/** Who leaves memory for whom: the policy alone. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Copy, planRoom, type RoomRequest } from '../../src/inference/residency.ts';

const SIZES: Readonly<Record<string, number>> = { a: 40, b: 40, c: 40, d: 10, huge: 200 };

/** A copy by its pack, lane and time of last use. */
const copy = (packId: string, lane: number, lastUsedMs: number, isHeld = false): Copy => ({
  ...{ packId, lane, lastUsedMs, isHeld },
  mib: SIZES[packId] ?? 0,
});

const ask = (ids: readonly string[], copies: readonly Copy[], more: Partial<RoomRequest> = {}) =>
  planRoom({
    lane: 0,
    wanted: ids.map((packId) => ({ packId, mib: SIZES[packId] ?? 0 })),
    copies,
    budgetMib: 100,
    isPinned: () => false,
    exclusive: [],
    ...more,
  });

const evicting = (...ids: readonly string[]) => ({
  kind: 'evict',
  copies: ids.map((packId) => expect.objectContaining({ packId })),
});

describe('room', () => {
  test('is there for a pack that the lane has, whatever the rest', () => {
    const plan = ask(['a'], [copy('a', 0, 1), copy('b', 0, 2), copy('c', 1, 3, true)]);
    expect(plan).toMatchObject({ kind: 'evict', copies: [], missing: [] });
  });

  test('is there within the budget, and without one', () => {
    expect(ask(['b'], [copy('a', 0, 1)])).toMatchObject({ ...evicting(), missing: ['b'] });
    const full = [copy('a', 0, 1), copy('b', 0, 2)];
    expect(ask(['c'], full, { budgetMib: Number.POSITIVE_INFINITY })).toMatchObject(evicting());
  });

  test('is made by the least recently used, and by no more than need be', () => {
    expect(ask(['c'], [copy('b', 0, 2), copy('a', 0, 1)])).toMatchObject(evicting('a'));
    expect(ask(['c'], [copy('d', 0, 1), copy('a', 1, 2), copy('b', 1, 3)])).toMatchObject(
      evicting('d', 'a'),
    );
  });

  test('is never made by what is in use: then the wanted waits', () => {
    const copies = [copy('a', 1, 1, true), copy('b', 2, 2, true)];
    expect(ask(['c'], copies)).toEqual({ kind: 'wait' });
    expect(ask(['c'], [copy('a', 1, 1, true), copy('b', 2, 2)])).toMatchObject(evicting('b'));
  });

  test('is never made by the last copy of a pinned pack', () => {
    const isPinned = (id: string) => id === 'a';
    expect(ask(['c'], [copy('a', 0, 1), copy('b', 0, 2)], { isPinned })).toMatchObject(
      evicting('b'),
    );
    expect(ask(['c'], [copy('a', 0, 1), copy('a', 1, 2)], { isPinned })).toMatchObject({
      ...evicting('a'),
      copies: [{ lane: 0 }],
    });
    expect(ask(['huge'], [copy('a', 0, 1)], { isPinned })).toEqual({
      kind: 'never',
      reason: 'huge does not fit into 100 MiB beside what is pinned: a.',
    });
  });

  test('is made for what is larger than the budget by everything else', () => {
    expect(ask(['huge'], [copy('a', 0, 1), copy('d', 1, 2)])).toMatchObject(evicting('a', 'd'));
    expect(ask(['huge'], [copy('a', 1, 1, true)])).toEqual({ kind: 'wait' });
  });

  test('for two packs at once leaves the one that is there', () => {
    expect(ask(['a', 'c'], [copy('a', 0, 1), copy('b', 0, 2)])).toMatchObject({
      ...evicting('b'),
      missing: ['c'],
    });
  });
});

describe('packs that exclude each other', () => {
  const exclusive = [['a', 'b']];

  test('leave for one another though there is room, in every lane', () => {
    const budgetMib = 1000;
    const plan = ask(['a'], [copy('b', 0, 1), copy('b', 1, 2), copy('c', 1, 3)], {
      exclusive,
      budgetMib,
    });
    expect(plan).toMatchObject(evicting('b', 'b'));
  });

  test('wait for one another, and tell when a pin is in the way', () => {
    expect(ask(['a'], [copy('b', 1, 1, true)], { exclusive })).toEqual({ kind: 'wait' });
    const isPinned = (id: string) => id === 'b';
    expect(ask(['a'], [copy('b', 1, 1)], { exclusive, isPinned })).toEqual({
      kind: 'never',
      reason: 'b is pinned and may not be in memory beside a.',
    });
  });
});

test('whatever is loaded: a plan keeps the budget, the pins, the groups and what is in use', () => {
  const ids = fc.constantFrom('a', 'b', 'c', 'd');
  const copies = fc.uniqueArray(
    fc.record({ packId: ids, lane: fc.nat(3), lastUsedMs: fc.nat(99) }),
    { selector: ({ packId, lane }) => `${packId} ${lane}` },
  );
  const busy = fc.uniqueArray(fc.integer({ min: 1, max: 3 }));
  fc.assert(
    fc.property(ids, copies, busy, ids, fc.nat(200), (wanted, made, held, pin, budgetMib) => {
      const all = made.map(({ packId, lane, lastUsedMs }) =>
        copy(packId, lane, lastUsedMs, held.includes(lane)),
      );
      const has = (list: readonly Copy[], id: string) => list.some(({ packId }) => packId === id);
      const plan = ask([wanted], all, {
        ...{ budgetMib, exclusive: [['a', 'b']] },
        isPinned: (id) => id === pin,
      });
      if (plan.kind !== 'evict') {
        const reason = plan.kind === 'wait' ? all.some(({ isHeld }) => isHeld) : has(all, pin);
        expect(reason).toBe(true);
        return;
      }
      expect(plan.copies.every(({ isHeld }) => !isHeld)).toBe(true);
      const left = all.filter((one) => !plan.copies.includes(one));
      if (has(all, pin)) expect(has(left, pin)).toBe(true);
      if (wanted === 'a') expect(has(left, 'b')).toBe(false);
      if (plan.missing.length === 0) return;
      const used = left.reduce((sum, { mib }) => sum + mib, 0) + (SIZES[wanted] ?? 0);
      expect(used <= budgetMib || left.every(({ packId }) => packId === wanted)).toBe(true);
    }),
  );
});
