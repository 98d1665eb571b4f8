import { expect, test } from 'vitest';
import { runKills } from './kills.ts';

const KILLS = 100;

test(`${KILLS} kills at random moments cost no credit, no result and no acknowledged job`, {
  timeout: 600_000,
}, async () => {
  const report = await runKills({ kills: KILLS, seed: 20_260_101 });
  expect(report.violations).toEqual([]);
  expect(report.kills).toBe(KILLS);
  expect(report.delivered).toBeGreaterThan(KILLS / 4);
  expect(report.submitted).toBeGreaterThan(KILLS / 4);
  expect(report.jobsTold).toBeGreaterThanOrEqual(report.submitted);
  expect(report.settled).toBeGreaterThanOrEqual(report.delivered);
});
