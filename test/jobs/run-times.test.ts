import { expect, test } from 'vitest';
import { RunTimes } from '../../src/jobs/run-times.ts';

test('nothing is expected while nothing is known', () => {
  expect(new RunTimes().waitMs(10, 2)).toBe(0);
});

test('a wait is the median of the latest run times for each round of slots', () => {
  const times = new RunTimes();
  for (const time of [100, 1, 100, 9000, 100]) times.note(time);
  expect(times.medianMs()).toBe(100);
  expect(times.waitMs(6, 2)).toBe(300);
});

test('old times are forgotten', () => {
  const times = new RunTimes();
  for (let i = 0; i < 100; i += 1) times.note(1000);
  for (let i = 0; i < 50; i += 1) times.note(10);
  expect(times.medianMs()).toBe(10);
});
