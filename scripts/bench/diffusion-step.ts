/**
 * What the diffusion runtime costs beside its graphs: the time of a step outside `session.run` against copying the
 * same tensors once, and the peak memory against a bare loop over the same graphs, each in a process of its own.
 *
 *     npx tsx scripts/bench/diffusion-step.ts FOLDER [--steps 24] [--side 512] [--threads 1] [--warm-up FOLDER]
 *
 * FOLDER: a Stable Diffusion pipeline, as scripts/golden/pipeline/make_sd15_sized.py writes it. The first steps of a process run before its code is
 * compiled; where a step takes too long to wait for that, `--warm-up` names a smaller pipeline of the same inputs that makes a
 * picture in 24 steps first.
 */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { SeededNoise } from '../../src/inference/diffusion/noise.ts';
import { DiffusionPipeline } from '../../src/inference/diffusion/pipeline.ts';

interface Job {
  readonly folder: string;
  readonly steps: number;
  readonly side: number;
  readonly threads: number;
  /** Folder of the pipeline that runs first; empty: none. */
  readonly warmUp: string;
}

/** Milliseconds of one step. */
interface StepTime {
  readonly wallMs: number;
  readonly outsideMs: number;
  /** Copies of all tensors of the step, in the order of `COPIES`; empty where the step was not one of copies. */
  readonly copiesMs: readonly number[];
}
interface Answer {
  readonly peakMiB: number;
  readonly steps: readonly StepTime[];
}

const PROMPT = 'golden crispy croissant on a marble counter';
const NEGATIVE = 'blurry, dark';
const TOKENS = 77;
const WARM_UP_STEPS = 24;
const PIXELS_PER_LATENT = 8;

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

type Feeds = Readonly<Record<string, Tensor>>;
type Run = (feeds: Feeds, fetches: readonly string[]) => Promise<Record<string, Tensor>>;

/** Ways to copy the tensors that go into a step's run and come out of it. */
const COPIES = [
  'into memory that is there',
  'into new memory',
  'into memory that is there, without the text',
];

/** Times runs of the U-Net; every second one is followed by copies of what went in and came out. */
class RunClock {
  /** Runs, and what this clock itself does. */
  #notOursMs = 0;
  #copiesMs: readonly number[] = [];
  #calls = 0;
  #markMs = performance.now();
  readonly #targets = new Map<string, Float32Array>();

  /** Puts the clock before every run of every session of this process. */
  install(): void {
    // Typed as a factory, it is a class.
    const { prototype } = InferenceSession as unknown as { prototype: { run: Run } };
    const run = prototype.run;
    const clock = this;
    prototype.run = async function (this: InferenceSession, feeds, fetches) {
      const startMs = performance.now();
      const results = await run.call(this, feeds, fetches);
      const isUnet = feeds['sample'] !== undefined && feeds['timestep'] !== undefined;
      if (isUnet) clock.#called({ ...feeds, ...results });
      clock.#notOursMs += performance.now() - startMs;
      return results;
    };
  }

  #called(tensors: Feeds): void {
    this.#calls += 1;
    if (this.#calls % 2 === 1) return;
    // Two steps of copies in turn, so that neither way finds the tensors in the cache because of the other.
    const isNew = this.#calls % 4 === 0;
    const times = { there: 0, created: 0, changing: 0 };
    for (const [name, { data }] of Object.entries(tensors)) {
      if (!(data instanceof Float32Array)) continue;
      const target = this.#targets.get(name) ?? new Float32Array(data.length);
      this.#targets.set(name, target);
      const startMs = performance.now();
      if (isNew) this.#targets.set(name, data.slice());
      else target.set(data);
      const tookMs = performance.now() - startMs;
      times[isNew ? 'created' : 'there'] += tookMs;
      if (!isNew && name !== 'encoder_hidden_states') times.changing += tookMs;
    }
    this.#copiesMs = [times.there, times.created, times.changing];
  }

  /** What passed since the last mark. */
  mark(): StepTime {
    const wallMs = performance.now() - this.#markMs;
    const step = { wallMs, outsideMs: wallMs - this.#notOursMs, copiesMs: this.#copiesMs };
    this.#notOursMs = 0;
    this.#copiesMs = [];
    this.#markMs = performance.now();
    return step;
  }
}

/** Make a picture. @param onProgress told after each step */
async function generate(
  { folder, steps, side, threads }: Omit<Job, 'warmUp'>,
  onProgress: () => void,
): Promise<void> {
  const pipeline = new DiffusionPipeline(folder, { provider: 'cpu', deviceId: 0, threads });
  await pipeline.generate(
    {
      ...{ prompt: PROMPT, negativePrompt: NEGATIVE, widthPx: side, heightPx: side },
      ...{ pictures: 1, steps, guidanceScale: 7.5, noise: new SeededNoise(1) },
    },
    { onProgress },
  );
  await pipeline.release();
}

async function runPipeline({ warmUp, ...job }: Job): Promise<readonly StepTime[]> {
  const { steps } = job;
  const clock = new RunClock();
  clock.install();
  const times: StepTime[] = [];
  if (warmUp !== '')
    await generate({ ...job, folder: warmUp, steps: WARM_UP_STEPS }, () => void clock.mark());
  await generate(job, () => times.push(clock.mark()));
  // The first step begins with loading; PNDM takes one call more than there are steps; the rest is decoding.
  return times.slice(1, steps);
}

/** The same graphs with the same session options, their inputs made once. */
async function runBare({ folder, steps, side, threads }: Job): Promise<readonly StepTime[]> {
  const open = (part: string) =>
    InferenceSession.create(join(folder, part, 'model.onnx'), {
      executionProviders: ['cpu'],
      ...{ intraOpNumThreads: threads, interOpNumThreads: 1, graphOptimizationLevel: 'all' },
      ...{ logSeverityLevel: 3, extra: { session: { intra_op: { allow_spinning: '0' } } } },
    });
  const latent = side / PIXELS_PER_LATENT;
  const encoder = await open('text_encoder');
  const ids = new Tensor('int64', new BigInt64Array(TOKENS), [1, TOKENS]);
  const state = (await encoder.run({ input_ids: ids }))['last_hidden_state'] as Tensor;
  await encoder.run({ input_ids: ids });
  const text = new Float32Array(2 * state.data.length);
  const width = state.dims[2] ?? 0;
  const unet = await open('unet');
  const sample = new Float32Array(2 * 4 * latent * latent).fill(0.5);
  const feeds = {
    sample: new Tensor('float32', sample, [2, 4, latent, latent]),
    timestep: new Tensor('float32', Float32Array.of(500), []),
    encoder_hidden_states: new Tensor('float32', text, [2, TOKENS, width]),
  };
  for (let step = 0; step <= steps; step += 1) await unet.run(feeds);
  const decoder = await open('vae_decoder');
  const latents = sample.subarray(0, sample.length / 2);
  await decoder.run({ latent_sample: new Tensor('float32', latents, [1, 4, latent, latent]) });
  return [];
}

function inChild(kind: 'pipeline' | 'bare', job: Job): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), [kind, JSON.stringify(job)], {
      execArgv: ['--import', 'tsx'],
    });
    child.once('message', resolve as (message: unknown) => void);
    child.once('exit', (code) => code !== 0 && reject(new Error(`The ${kind} run failed.`)));
  });
}

function report(pipeline: Answer, bare: Answer): void {
  const outsideMs = median(
    pipeline.steps.filter(({ copiesMs }) => copiesMs.length === 0).map((step) => step.outsideMs),
  );
  const copies = COPIES.map((way, at) => {
    const times = pipeline.steps.map(({ copiesMs }) => copiesMs[at] ?? 0).filter((ms) => ms > 0);
    const ratio = (outsideMs / median(times)).toFixed(2);
    return `copying a step's tensors once ${way}: ${median(times).toFixed(3)} ms, ratio ${ratio}`;
  });
  const wallMs = median(pipeline.steps.map((step) => step.wallMs));
  const lines = [
    `a step: ${wallMs.toFixed(1)} ms, median of ${pipeline.steps.length}`,
    `outside session.run: ${outsideMs.toFixed(3)} ms`,
    ...copies,
    `peak memory: ${pipeline.peakMiB} MiB, bare loop ${bare.peakMiB} MiB, ` +
      `difference ${pipeline.peakMiB - bare.peakMiB} MiB`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

async function main(): Promise<void> {
  const [kind, job] = process.argv.slice(2);
  if (process.send !== undefined && job !== undefined) {
    const steps = await (kind === 'bare' ? runBare : runPipeline)(JSON.parse(job) as Job);
    const peakMiB = Math.round(process.resourceUsage().maxRSS / 1024);
    process.send({ peakMiB, steps } satisfies Answer, () => process.exit(0));
    return;
  }
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      steps: { type: 'string', default: '24' },
      side: { type: 'string', default: '512' },
      threads: { type: 'string', default: '1' },
      'warm-up': { type: 'string', default: '' },
    },
  });
  const [folder] = positionals;
  if (folder === undefined) throw new Error('Expected the folder of a pipeline.');
  const [steps, side, threads] = [values.steps, values.side, values.threads].map(Number) as [
    number,
    number,
    number,
  ];
  const request = { folder, steps, side, threads, warmUp: values['warm-up'] };
  report(await inChild('pipeline', request), await inChild('bare', request));
}

await main();
