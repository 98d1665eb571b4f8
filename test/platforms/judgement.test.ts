/** Whose word counts how much. */
import { expect, it } from 'vitest';
import { type Claim, judge } from '../../src/platforms/judgement.ts';
import type { Sources } from '../../src/platforms/platform.ts';

const page = { address: 'https://a.example/', publisher: 'A', read: '2026-11-23', pageDate: null };
const SOURCES: Sources = {
  own: { ...page, status: 'confirmed', isPartial: false },
  other: { ...page, status: 'secondary', isPartial: false },
};
type Least = Claim<number>;
const least = (value: number, source: string, more: Partial<Least> = {}): Least => ({
  value,
  source,
  strength: 'required',
  ...more,
});
/** Status of a picture of 500 where at least these are asked. */
const statusOf = (claims: readonly Least[], reading?: number) =>
  judge(
    reading === undefined
      ? { claims }
      : { claims, reading: { value: reading, reason: 'Because.' } },
    SOURCES,
    (value) => value <= 500,
  ).status;

it.each([
  ['its own requirement, met', [least(400, 'own')], 'pass'],
  ['its own requirement, not met', [least(600, 'own')], 'fail'],
  [
    'its own requirement, not met, though another would let it pass',
    [least(600, 'own'), least(1, 'other')],
    'fail',
  ],
  ['its own two requirements, one met', [least(400, 'own'), least(600, 'own')], 'warning'],
  ['its own advice, not met', [least(600, 'own', { strength: 'advised' })], 'warning'],
  ['what it converts by itself', [least(600, 'own', { strength: 'adapted' })], 'pass'],
  ['what others report, met', [least(400, 'other')], 'pass'],
  ['what others report, not met', [least(600, 'other')], 'warning'],
  [
    'its own requirement met, what others report not',
    [least(400, 'own'), least(600, 'other')],
    'warning',
  ],
  [
    'a limit of a service in between, where the platform says more',
    [least(400, 'own'), least(600, 'other', { via: 'B' })],
    'pass',
  ],
  [
    'a limit of a service in between, where nothing else is known',
    [least(600, 'other', { via: 'B' })],
    'warning',
  ],
] as const)('%s: %j is %s', (_name, claims, status) => {
  expect(statusOf(claims)).toBe(status);
});

it('goes by the reading where sources differ, but never against the platform itself', () => {
  const differing = [least(400, 'other'), least(600, 'other')];
  expect([statusOf(differing), statusOf(differing, 450), statusOf(differing, 550)]).toEqual([
    'warning',
    'pass',
    'warning',
  ]);
  expect(statusOf([least(600, 'own'), least(400, 'other')], 450)).toBe('fail');
});

it('does not know what no source says', () => {
  expect(judge<number>(null, SOURCES, () => true)).toEqual({
    status: 'unknown',
    wanted: [],
    unmet: [],
  });
});
