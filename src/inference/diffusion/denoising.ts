/** The steps of a run: scale, predict, guide, step. Its buffers are made once. */
import type { HostTensor } from '../graph.ts';
import type { Denoiser } from './denoiser.ts';
import type { Family, Guidance, Half } from './families/family.ts';
import {
  GenerationCancelled,
  type GenerationHooks,
  type GenerationRequest,
  STEP_DRAW,
} from './generation.ts';
import { guide } from './guidance.ts';
import type { Scheduler } from './schedulers/scheduler.ts';

/** A run that is ready for its first step. */
export interface DenoisingRun {
  readonly request: GenerationRequest;
  readonly hooks: GenerationHooks;
  readonly family: Family;
  readonly scheduler: Scheduler;
  /** Index into the scheduler's timesteps. */
  readonly startCall: number;
  readonly guidance: Guidance | null;
  /** In the order of the batch; with guidance two. */
  readonly halves: readonly { readonly half: Half }[];
  readonly denoiser: Denoiser;
  /** Float32 latents in the family's layout; replaced, step by step, by those of the result. */
  readonly start: HostTensor;
}

/** @throws GenerationCancelled when the caller wants no more. */
export function stopIfCancelled(hooks: GenerationHooks): void {
  if (hooks.isCancelled?.() === true) throw new GenerationCancelled();
}

/** Tell a watcher the schedule of a run. */
export function traceSchedule(
  { timesteps, sigmas, initNoiseSigma }: Scheduler,
  hooks: GenerationHooks,
): void {
  const told = { timesteps, sigmas: sigmas ?? [], 'init noise sigma': [initNoiseSigma] };
  for (const [stage, values] of Object.entries(told))
    hooks.trace?.(stage, { data: Float32Array.from(values), dims: [values.length] });
}

/** Turns the predictions of the halves into the one that the scheduler takes. */
class Combination {
  readonly #run: DenoisingRun;
  readonly #guided: Float32Array;

  constructor(run: DenoisingRun) {
    this.#run = run;
    this.#guided = new Float32Array(run.start.data.length);
  }

  #of(half: Half, predictions: readonly Float32Array[]): Float32Array {
    return predictions[this.#run.halves.findIndex((each) => each.half === half)] as Float32Array;
  }

  /** @param guidance null where this call is not guided; then there is only the prompt's prediction. */
  combine(guidance: Guidance | null, predictions: readonly Float32Array[]): Float32Array {
    const { family, request } = this.#run;
    let prediction = this.#of('prompt', predictions);
    if (guidance !== null) {
      guide(prediction, this.#of('negative', predictions), guidance, this.#guided);
      guidance.correct?.(this.#guided, prediction, request.pictures);
      prediction = this.#guided;
    }
    if (family.sign === -1)
      for (let i = 0; i < prediction.length; i += 1) prediction[i] = -(prediction[i] as number);
    return prediction;
  }
}

/**
 * Take every step of a run.
 * @param onStep told the share of the steps that is done, 0..1
 * @throws GenerationCancelled between two steps
 */
export async function denoise(run: DenoisingRun, onStep: (done: number) => void): Promise<void> {
  const { request, hooks, family, scheduler, startCall, start } = run;
  const sample = start.data as Float32Array;
  const { dims } = start;
  const scaled = new Float32Array(sample.length);
  const noise = new Float32Array(sample.length);
  const combination = new Combination(run);
  const state = scheduler.startRun(sample.length, startCall);
  const calls = scheduler.timesteps.length;
  for (let i = startCall; i < calls; i += 1) {
    stopIfCancelled(hooks);
    const timestep = family.timestepInput(scheduler.timesteps[i] as number);
    const isGuided = run.guidance !== null && (run.guidance.isActive?.(timestep) ?? true);
    const input = scheduler.scaleModelInput(sample, i, scaled);
    const predictions = await run.denoiser.predict(input, timestep, isGuided ? 2 : 1);
    if (hooks.trace !== undefined) traceCall(run, i, { input, timestep, predictions });
    const prediction = combination.combine(isGuided ? run.guidance : null, predictions);
    const drawn = scheduler.needsNoise(i) ? noise : null;
    if (drawn !== null) request.noise.fill(drawn, STEP_DRAW + i, request.pictures);
    state.step(prediction, i, sample, drawn);
    hooks.trace?.(`step${i - startCall}.latents`, { data: sample, dims });
    onStep((i - startCall + 1) / (calls - startCall));
  }
}

/** What went into the network at a call, and what came out. */
function traceCall(
  { hooks, halves, start: { dims }, startCall }: DenoisingRun,
  i: number,
  call: {
    readonly input: Float32Array;
    readonly timestep: number;
    readonly predictions: readonly Float32Array[];
  },
): void {
  const step = `step${i - startCall}`;
  hooks.trace?.(`${step}.timestep`, { data: Float32Array.of(call.timestep), dims: [1] });
  hooks.trace?.(`${step}.model_input`, { data: call.input, dims });
  for (const [at, data] of call.predictions.entries())
    hooks.trace?.(`${step}.${halves[at]?.half}.model_output`, { data, dims });
}
