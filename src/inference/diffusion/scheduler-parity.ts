/** Replays one recorded scheduler run of the reference and tells how far each stage lies from it. */
import { compare, compareWithin, largestMagnitude, type StageDifference } from './differences.ts';
import { createScheduler } from './schedulers/create-scheduler.ts';
import type { ScheduleOptions, Scheduler } from './schedulers/scheduler.ts';

/** A recorded run, as the diffusion fixtures and test/golden lay it out. */
export interface RecordedSchedulerRun {
  readonly id: string;
  readonly scheduler: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly num_inference_steps: number;
  readonly set_timesteps_args: {
    readonly sigmas?: readonly number[];
    readonly mu?: number;
    readonly original_inference_steps?: number;
  };
  readonly step_args: {
    readonly eta?: number;
    readonly s_churn?: number;
    readonly s_noise?: number;
  };
  /** Names a `sigma_min` that was set to 0 on the scheduler. */
  readonly note?: string;
  readonly timesteps: readonly number[];
  readonly sigmas?: readonly number[];
  readonly init_noise_sigma: number | null;
  readonly init_noise: readonly number[];
  readonly start_index?: number;
  readonly clean_sample?: readonly number[];
  readonly initial_sample: readonly number[];
  readonly scaled_inputs: readonly (readonly number[])[];
  readonly model_outputs: readonly (readonly number[])[];
  readonly samples: readonly (readonly number[])[];
  readonly denoised?: readonly (readonly number[])[];
  readonly noises: readonly (readonly number[])[];
}

/** All stages of a run, in order. */
export interface SchedulerParity {
  readonly id: string;
  readonly scheduler: string;
  readonly stages: readonly StageDifference[];
  readonly passed: boolean;
}

/** The limits of the fixtures' README. */
const LIMITS = { timestep: 0.01, sigmaRelative: 1e-4, sample: 1e-4 } as const;

function compareSample(stage: string, got: Float32Array, wanted: readonly number[]) {
  return compare(stage, got, wanted, LIMITS.sample * Math.max(1, largestMagnitude(wanted)));
}

function optionsOf(run: RecordedSchedulerRun): ScheduleOptions {
  const { sigmas, mu, original_inference_steps: originalInferenceSteps } = run.set_timesteps_args;
  const { eta, s_churn: sChurn, s_noise: sNoise } = run.step_args;
  return {
    steps: run.num_inference_steps,
    ...(sigmas !== undefined && { sigmas }),
    ...(mu !== undefined && { mu }),
    ...(originalInferenceSteps !== undefined && { originalInferenceSteps }),
    ...(eta !== undefined && { eta }),
    ...(sChurn !== undefined && { sChurn }),
    ...(sNoise !== undefined && { sNoise }),
    ...(run.note?.includes('sigma_min of the scheduler is set to 0') && { sigmaMin: 0 }),
  };
}

function compareSchedule(scheduler: Scheduler, run: RecordedSchedulerRun): StageDifference[] {
  const stages = [compare('timesteps', scheduler.timesteps, run.timesteps, LIMITS.timestep)];
  if (run.sigmas !== undefined) {
    const got = scheduler.sigmas ?? [];
    stages.push(compareWithin('sigmas', got, run.sigmas, LIMITS.sigmaRelative));
  }
  const wanted = run.init_noise_sigma ?? 1;
  const limit = LIMITS.sigmaRelative * wanted;
  stages.push(compare('init noise sigma', [scheduler.initNoiseSigma], [wanted], limit));
  return stages;
}

function startSample(scheduler: Scheduler, run: RecordedSchedulerRun): Float32Array {
  const noise = Float32Array.from(run.init_noise);
  if (run.clean_sample === undefined) {
    return noise.map((value) => value * scheduler.initNoiseSigma);
  }
  const clean = Float32Array.from(run.clean_sample);
  return scheduler.addNoise(clean, noise, run.start_index ?? 0, new Float32Array(clean.length));
}

/**
 * Replays a run: our own sample goes in at every step, with the recorded outputs and noises.
 * @throws UnsupportedSchedulerOption where the run's configuration is not supported
 */
export function schedulerParity(run: RecordedSchedulerRun): SchedulerParity {
  const config = { ...run.config, _class_name: run.scheduler };
  const scheduler = createScheduler(config, optionsOf(run));
  const stages = compareSchedule(scheduler, run);
  const sample = startSample(scheduler, run);
  stages.push(compareSample('initial sample', sample, run.initial_sample));
  const start = run.start_index ?? 0;
  const state = scheduler.startRun(sample.length, start);
  const scaled = new Float32Array(sample.length);
  let noiseIndex = 0;
  for (const [n, output] of run.model_outputs.entries()) {
    const i = start + n;
    const input = scheduler.scaleModelInput(sample, i, scaled);
    stages.push(compareSample(`call ${i} scaled input`, input, run.scaled_inputs[n] ?? []));
    const noise = scheduler.needsNoise(i) ? (run.noises[noiseIndex++] ?? []) : null;
    state.step(Float32Array.from(output), i, sample, noise && Float32Array.from(noise));
    stages.push(compareSample(`call ${i} sample`, sample, run.samples[n] ?? []));
    const denoised = run.denoised?.[n];
    if (denoised !== undefined) {
      const got = state.denoised ?? new Float32Array(0);
      stages.push(compareSample(`call ${i} denoised`, got, denoised));
    }
  }
  stages.push(compare('noises drawn', [noiseIndex], [run.noises.length], 0));
  const passed = stages.every(({ largestDifference, limit }) => largestDifference <= limit);
  return { id: run.id, scheduler: run.scheduler, stages, passed };
}
