import { expect, test } from 'vitest';
import { RunTimes } from '../../src/jobs/run-times.ts';

test('nothing is expected while nothing is known', () => {
  expect(new RunTimes().waitMs(10, 2)).toBe(0);
});

test('a wait is the median of the latest run times for each round of slots', () => {
  const times = new RunTimes();
  for (const time of [100, 1, 100, 9000, 100]) times.note('upscale', time);
  expect(times.medianMs('upscale')).toBe(100);
  expect(times.waitMs(6, 2)).toBe(300);
});

test('old times are forgotten', () => {
  const times = new RunTimes();
  for (let i = 0; i < 100; i += 1) times.note('upscale', 1000);
  for (let i = 0; i < 50; i += 1) times.note('upscale', 10);
  expect(times.medianMs('upscale')).toBe(10);
  expect(times.waitMs(2, 2)).toBe(10);
});

test('a few slow ones of another operation are reckoned with', () => {
  const times = new RunTimes();
  for (let i = 0; i < 40; i += 1) times.note(i % 4 === 0 ? 'upscale' : 'remove-background', 100);
  for (let i = 0; i < 10; i += 1) times.note('generate', 5000);
  expect(times.waitMs(1, 1)).toBe((40 * 100 + 10 * 5000) / 50);
});
