/**
 * Writes the table of docs/diffusion.md: which option of which family and scheduler is covered by which recorded run.
 *
 *     npx tsx scripts/docs/write-diffusion-coverage.ts [FOLDER]
 *
 * FOLDER: the reference's fixtures, ../shared/fixtures/diffusion unless told. The project's own cases are added.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

type Values = Readonly<Record<string, unknown>>;
/** One thing that a run covers. */
interface Covered {
  readonly family: string;
  readonly scheduler: string;
  readonly option: string;
  readonly run: string;
}
interface SchedulerRun {
  readonly id: string;
  readonly scheduler: string;
  readonly given_config: Values;
  readonly set_timesteps_args?: Values;
  readonly step_args?: Values;
  readonly clean_sample?: unknown;
  readonly note?: string;
}
interface Case {
  readonly id: string;
  readonly model: string;
  readonly params: Values;
  readonly scheduler: { readonly class_name: string; readonly config: Values };
  readonly tensors: Values;
  readonly drop_text_encoder_3?: boolean;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const START = '<!-- coverage: written by scripts/docs/write-diffusion-coverage.ts -->';
const END = '<!-- end of coverage -->';
const WITHOUT_NETWORK = 'scheduler alone';
/** Options that only set the noise table or the number of training steps. */
const COMMON = ['beta_start', 'beta_end', 'beta_schedule', 'num_train_timesteps', 'steps_offset'];
/** Arguments that every call has, or whose value tells nothing; guidance is told apart below. */
const EVERY_CALL = [
  'prompt',
  'num_inference_steps',
  'guidance_scale',
  'height',
  'width',
  'max_area',
  '_auto_resize',
];
/** Of the full configurations that cases record: what sets one case apart from another. */
const TELLING = ['timestep_spacing', 'algorithm_type', 'shift'];

const readJson = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8')) as T;

const text = (name: string, value: unknown): string =>
  Array.isArray(value) || typeof value === 'string' ? name : `${name}=${String(value)}`;

function optionsOfRun(run: SchedulerRun): string[] {
  const given = { ...run.given_config, ...run.set_timesteps_args, ...run.step_args };
  const options = Object.entries(given)
    .filter(([name]) => !COMMON.includes(name))
    .map(([name, value]) => (Array.isArray(value) ? name : `${name}=${String(value)}`));
  if (run.clean_sample !== undefined) options.push('image to image');
  if (run.note?.includes('sigma_min') === true) options.push('sigma_min=0');
  return options.length === 0 ? ['defaults'] : options;
}

function optionsOfCase({
  params,
  scheduler,
  tensors,
  drop_text_encoder_3: dropped,
}: Case): string[] {
  const { config } = scheduler;
  const called = Object.entries(params)
    .filter(([name]) => !EVERY_CALL.includes(name) && name !== 'strength')
    .map(([name, value]) => text(name, value));
  const configured = Object.entries(config)
    .filter(
      ([name, value]) => TELLING.includes(name) || (value === true && /^(use|rescale)_/.test(name)),
    )
    .map(([name, value]) => `${name}=${String(value)}`);
  const predicts = config['prediction_type'] ?? 'epsilon';
  const source = params['strength'] === undefined ? 'reference picture' : 'image to image';
  return [
    `guidance_scale=${String(params['guidance_scale'])}`,
    ...called,
    ...configured,
    ...(predicts === 'epsilon' ? [] : [`prediction_type=${String(predicts)}`]),
    ...('encoder_input' in tensors ? [source] : []),
    ...(dropped === true ? ['no third text encoder'] : []),
  ];
}

function casesOf(folder: string): Covered[] {
  return readdirSync(folder).flatMap((model) =>
    readdirSync(join(folder, model)).flatMap((id) => {
      const run = readJson<Case>(join(folder, model, id, 'case.json'));
      const { class_name: scheduler } = run.scheduler;
      return optionsOfCase(run).map((option) => ({ family: model, scheduler, option, run: id }));
    }),
  );
}

function runsOf(folder: string): Covered[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json') && !file.startsWith('_'))
    .flatMap((file) => {
      const run = readJson<SchedulerRun>(join(folder, file));
      const { scheduler, id } = run;
      return optionsOfRun(run).map((option) => ({
        family: WITHOUT_NETWORK,
        scheduler,
        option,
        run: id,
      }));
    });
}

/** The table of a folder of fixtures and of the project's own cases, as Markdown. */
export function coverageTable(fixtures: string): string {
  const rows = new Map<string, string[]>();
  const all = [
    ...casesOf(join(fixtures, 'cases')),
    ...casesOf(join(root, 'test/golden/pipeline/cases')),
    ...runsOf(join(fixtures, 'schedulers')),
  ];
  for (const { family, scheduler, option, run } of all) {
    const key = `| ${family} | ${scheduler} | ${option} |`;
    rows.set(key, [...(rows.get(key) ?? []), run]);
  }
  const lines = [...rows]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, runs]) => `${key} ${[...runs].sort().join(', ')} |`);
  return ['| Family | Scheduler | Option | Covered by |', '|---|---|---|---|', ...lines].join('\n');
}

/** A document with the table between its marks replaced. @throws Error when it has no marks */
export function withCoverage(document: string, table: string): string {
  const [start, end] = [document.indexOf(START), document.indexOf(END)];
  if (start < 0 || end < start) throw new Error('Expected the marks of the table in the document.');
  return `${document.slice(0, start)}${START}\n\n${table}\n\n${document.slice(end)}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const fixtures = process.argv[2] ?? join(root, '../shared/fixtures/diffusion');
  const path = join(root, 'docs/diffusion.md');
  writeFileSync(path, withCoverage(readFileSync(path, 'utf8'), coverageTable(fixtures)));
}
