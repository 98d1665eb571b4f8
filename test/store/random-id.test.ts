import { expect, test } from 'vitest';
import { randomId, randomName } from '../../src/store/random-id.ts';

test('a name is 26 of [a-z0-9], an id has a prefix before it, and no two are alike', () => {
  const ids = Array.from({ length: 1000 }, () => randomId('bg'));
  for (const id of ids) expect(id).toMatch(/^bg_[a-z0-9]{26}$/);
  expect(new Set(ids).size).toBe(1000);
});

test('every character is as likely as any other', () => {
  const names = Array.from({ length: 10_000 }, randomName).join('');
  const counts = new Map<string, number>();
  for (const character of names) counts.set(character, (counts.get(character) ?? 0) + 1);
  const expected = names.length / 36;
  expect(counts.size).toBe(36);
  // Seven standard deviations; a byte modulo 36 would be off by ten for a, b, c and d.
  const bound = 7 * Math.sqrt(expected);
  for (const count of counts.values()) expect(Math.abs(count - expected)).toBeLessThan(bound);
});
