import { expect, test } from 'vitest';
import { isFinal, type JobState, statesBefore } from '../../src/jobs/states.ts';

const STATES: readonly JobState[] = [
  'reserved',
  'queued',
  'running',
  'published',
  'settled',
  'voided',
];
const ALLOWED: ReadonlySet<string> = new Set([
  'reserved>queued',
  'queued>running',
  'running>published',
  'published>settled',
  'running>queued',
  'published>queued',
  'reserved>voided',
  'queued>voided',
  'running>voided',
  'published>voided',
]);

const pairs = STATES.flatMap((from) => STATES.map((to) => [from, to] as const));

test.each(pairs)('%s > %s', (from, to) => {
  expect(statesBefore(to).includes(from)).toBe(ALLOWED.has(`${from}>${to}`));
});

test('only settled and voided are final, and nothing leaves them', () => {
  expect(STATES.filter(isFinal)).toEqual(['settled', 'voided']);
  for (const to of STATES) expect(statesBefore(to).filter(isFinal)).toEqual([]);
});
