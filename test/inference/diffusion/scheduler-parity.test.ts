/** Every recorded run of the reference, held against the limits of the fixtures' README. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  type RecordedSchedulerRun,
  schedulerParity,
} from '../../../src/inference/diffusion/scheduler-parity.ts';
import { SCHEDULER_CLASSES } from '../../../src/inference/diffusion/schedulers/create-scheduler.ts';

const FIXTURES = fileURLToPath(
  new URL('../../../../shared/fixtures/diffusion/schedulers/', import.meta.url),
);

function read(file: string): RecordedSchedulerRun {
  return JSON.parse(readFileSync(`${FIXTURES}${file}`, 'utf8')) as RecordedSchedulerRun;
}

const isPresent = existsSync(FIXTURES);
const runs = isPresent
  ? readdirSync(FIXTURES)
      .filter((file) => file.endsWith('.json') && !file.startsWith('_'))
      .map(read)
  : [];

if (!isPresent) {
  it.skip('scheduler runs: ../shared/fixtures/diffusion/schedulers is missing', () => {});
}

describe.runIf(isPresent)('recorded scheduler runs', () => {
  it('are all here', () => {
    expect(runs.length).toBe(64);
    const covered = [...new Set(runs.map(({ scheduler }) => scheduler))].sort();
    expect(covered).toEqual(SCHEDULER_CLASSES);
  });

  it.each(runs.map((run) => [run.id, run] as const))('agrees with the reference: %s', (_, run) => {
    const { stages, passed } = schedulerParity(run);
    const late = stages.filter(({ largestDifference, limit }) => !(largestDifference <= limit));
    expect(late).toEqual([]);
    expect(passed).toBe(true);
  });

  it.each(runs.map((run) => [run.id, run] as const))('notices a wrong sample: %s', (_, run) => {
    const samples = run.samples.map((values) => values.map((value) => value + 1));
    expect(schedulerParity({ ...run, samples }).passed).toBe(false);
  });
});
