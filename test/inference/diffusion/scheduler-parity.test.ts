/** Every recorded run of the reference, held against the limits of the fixtures' README. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  type RecordedSchedulerRun,
  schedulerParity,
} from '../../../src/inference/diffusion/scheduler-parity.ts';
import { alphasCumprod } from '../../../src/inference/diffusion/schedulers/alphas-cumprod.ts';
import type { SchedulerConfig } from '../../../src/inference/diffusion/schedulers/config.ts';
import { SCHEDULER_CLASSES } from '../../../src/inference/diffusion/schedulers/create-scheduler.ts';
import { diffusionFixtures } from './fixtures.ts';

const GOLDEN = fileURLToPath(new URL('../../golden/schedulers/', import.meta.url));

function runsIn(folder: string): readonly RecordedSchedulerRun[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json') && !file.startsWith('_'))
    .map((file) => JSON.parse(readFileSync(`${folder}${file}`, 'utf8')) as RecordedSchedulerRun);
}

function agreesWithTheReference(runs: readonly RecordedSchedulerRun[]): void {
  const rows = runs.map((run) => [run.id, run] as const);

  it('has a run of every scheduler', () => {
    const covered = [...new Set(runs.map(({ scheduler }) => scheduler))].sort();
    expect(covered).toEqual(SCHEDULER_CLASSES);
  });

  it.each(rows)('agrees with the reference: %s', (_, run) => {
    const { stages, passed } = schedulerParity(run);
    const outside = stages.filter(({ largestDifference: d, limit }) => !(d <= limit));
    expect(outside).toEqual([]);
    expect(passed).toBe(true);
  });

  it.each(rows)('notices a wrong sample: %s', (_, run) => {
    const samples = run.samples.map((values) => values.map((value) => value + 1));
    expect(schedulerParity({ ...run, samples }).passed).toBe(false);
  });
}

describe('golden scheduler runs', () => agreesWithTheReference(runsIn(GOLDEN)));

const fixtures = diffusionFixtures();

describe.skipIf(fixtures === null)('of the shared fixtures', () => {
  const folder = join(fixtures ?? '', 'schedulers');
  const runs = fixtures === null ? [] : runsIn(`${folder}/`);
  describe('recorded scheduler runs', () => {
    it('are all here', () => expect(runs.length).toBe(64));
    agreesWithTheReference(runs);
  });

  it('makes the noise tables of the reference', () => {
    type Tables = Record<string, { config: SchedulerConfig; alphas_cumprod: number[] }>;
    const text = readFileSync(join(folder, '_alphas_cumprod.json'), 'utf8');
    for (const [name, { config, alphas_cumprod }] of Object.entries(JSON.parse(text) as Tables)) {
      const ours = alphasCumprod(config);
      expect(ours.length, name).toBe(alphas_cumprod.length);
      for (const [t, alpha] of alphas_cumprod.entries()) {
        expect(Math.abs((ours[t] ?? 0) - alpha), `${name} ${t}`).toBeLessThan(1e-6);
      }
    }
  });
});
