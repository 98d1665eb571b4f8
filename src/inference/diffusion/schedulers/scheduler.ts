/**
 * What every scheduler is to a pipeline: an immutable schedule made by `create(config, options)`, and runs over it.
 * Everything is indexed by the call `i` of the network (0 ... timesteps.length - 1), never looked up by timestep.
 * The history of multistep methods lives in the run, so one scheduler serves many runs at once.
 * Names and arithmetic follow the schedulers of diffusers (https://github.com/huggingface/diffusers, 0.38.0);
 * sums are done in double precision and stored as float32.
 */

/** What the network's output stands for. */
export type PredictionType = 'epsilon' | 'v_prediction' | 'sample' | 'flow_prediction';

/** How the steps of a run are spread over the training steps. */
export type TimestepSpacing = 'linspace' | 'leading' | 'trailing';

/** What a caller chooses for one schedule, beside the scheduler's own configuration. */
export interface ScheduleOptions {
  /** Number of denoising steps, 1 or more; taken from `sigmas` where those are given. */
  readonly steps: number;
  /** Flow matching: the schedule before shifting, falling, each in 0..1. */
  readonly sigmas?: readonly number[];
  /** Flow matching with `use_dynamic_shifting`: the shift's exponent (see flow-shift.ts). */
  readonly mu?: number;
  /** Flow matching without given sigmas: lower end of the schedule before shifting (Z-Image: 0). */
  readonly sigmaMin?: number;
  /** LCM and TCD: steps of the distilled schedule, instead of the configured number. */
  readonly originalInferenceSteps?: number;
  /** DDIM and TCD: share of the variance drawn anew at each step, 0..1. */
  readonly eta?: number;
  /** Euler: how much noise is added before each step, 0 for none. */
  readonly sChurn?: number;
  /** Euler: factor of that noise. */
  readonly sNoise?: number;
}

/** One denoising run: the history that multistep methods keep, and the buffers they reuse. */
export interface SchedulerRun {
  /** The fully denoised guess of the last step, where the method has one of its own (LCM). */
  readonly denoised?: Float32Array;
  /**
   * Replaces `sample` in place by the sample of the next call; calls come in order, each once.
   * @param modelOutput the network's answer to call `i`, after guidance; only read, and not kept
   * @param i index into `timesteps`
   * @param sample the latents before scaling, any layout, as long as `modelOutput`; overwritten
   * @param noise standard normal, as long as `sample`, where `needsNoise(i)`; else null
   */
  step(
    modelOutput: Float32Array,
    i: number,
    sample: Float32Array,
    noise: Float32Array | null,
  ): void;
}

/** An immutable schedule. */
export interface Scheduler {
  /** What the network is told at each call; its length is the number of calls of a whole run. */
  readonly timesteps: readonly number[];
  /** Noise level at each call and after the last one, or null where the method has none. */
  readonly sigmas: readonly number[] | null;
  /** Factor of the standard normal start noise. */
  readonly initNoiseSigma: number;
  /** Calls of the network for each step (Heun: 2, else 1); image-to-image starts at a multiple of it. */
  readonly order: number;
  /** Whether `step` draws on noise at call `i`. */
  needsNoise(i: number): boolean;
  /**
   * What the network is to see at call `i`.
   * @param out written to where the method scales; may be `sample`
   * @returns `out`, or `sample` where nothing is scaled
   */
  scaleModelInput(sample: Float32Array, i: number, out: Float32Array): Float32Array;
  /**
   * Mixes a clean sample with standard normal noise to the level of call `i` (image-to-image), into `out`.
   * @returns `out`
   */
  addNoise(clean: Float32Array, noise: Float32Array, i: number, out: Float32Array): Float32Array;
  /**
   * Starts a run.
   * @param length number of values of a sample
   * @param startIndex first call of the run; above 0 for image-to-image
   */
  startRun(length: number, startIndex?: number): SchedulerRun;
}
