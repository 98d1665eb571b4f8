/**
 * Prints the scheduler part of docs/diffusion.md: which option of which scheduler is covered by which recorded run.
 *
 *     npx tsx scripts/docs/print-scheduler-table.ts FOLDER_OF_RUNS
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RecordedSchedulerRun } from '../../src/inference/diffusion/scheduler-parity.ts';

type Run = RecordedSchedulerRun & { readonly given_config: Readonly<Record<string, unknown>> };

/** Options that only set the noise table or the number of training steps. */
const COMMON = ['beta_start', 'beta_end', 'beta_schedule', 'num_train_timesteps', 'steps_offset'];

function optionsOf(run: Run): string[] {
  const given = { ...run.given_config, ...run.set_timesteps_args, ...run.step_args };
  const options = Object.entries(given)
    .filter(([name]) => !COMMON.includes(name))
    .map(([name, value]) => (Array.isArray(value) ? name : `${name}=${String(value)}`));
  if (run.clean_sample !== undefined) options.push('image to image');
  if (run.note?.includes('sigma_min') === true) options.push('sigma_min=0');
  return options.length === 0 ? ['defaults'] : options;
}

function coverage(runs: readonly Run[]): Map<string, string[]> {
  const rows = new Map<string, string[]>();
  for (const run of runs) {
    for (const option of optionsOf(run)) {
      const key = `${run.scheduler} | ${option}`;
      rows.set(key, [...(rows.get(key) ?? []), run.id]);
    }
  }
  return rows;
}

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('Expected the folder of the recorded runs');
const runs = readdirSync(folder)
  .filter((file) => file.endsWith('.json') && !file.startsWith('_'))
  .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Run);
const lines = [...coverage(runs)]
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(([key, ids]) => `| ${key} | ${ids.join(', ')} |`);
process.stdout.write(
  `${['| Scheduler | Option | Covered by |', '|---|---|---|', ...lines].join('\n')}\n`,
);
