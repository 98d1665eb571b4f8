/** The schedule that the Euler, Heun and LMS samplers share: noise levels of spaced timesteps, then 0. */
import { trainingSigmas } from './alphas-cumprod.ts';
import { at, combine } from './combination.ts';
import { choice, finite, type SchedulerConfig, stepCount } from './config.ts';
import type { Scheduler, TimestepSpacing } from './scheduler.ts';
import { interpolate, sigmaSpacing, spacedSigmas, timestepOfSigma } from './sigma-spacing.ts';
import { spacedTimesteps } from './timestep-spacing.ts';

/** What of the configuration a sampler has fixtures for. */
export interface DiscreteSigmaOptions {
  readonly spacings: readonly [TimestepSpacing, ...TimestepSpacing[]];
  readonly defaultSpacing: TimestepSpacing;
  readonly sigmaSpacings: readonly ('karras' | 'exponential' | 'beta')[];
}

/** Timesteps, sigmas (one more), and the factor of the start noise. */
export type DiscreteSigmas = Pick<Scheduler, 'timesteps' | 'initNoiseSigma'> & {
  readonly sigmas: readonly number[];
};

/**
 * Makes the schedule.
 * @throws UnsupportedSchedulerOption
 */
export function discreteSigmas(
  config: SchedulerConfig,
  steps: number,
  supported: DiscreteSigmaOptions,
): DiscreteSigmas {
  const spacing = choice(config, 'timestep_spacing', supported.spacings, supported.defaultSpacing);
  const trainSteps = finite(config, 'num_train_timesteps', 1000);
  const table = trainingSigmas(config);
  let timesteps = spacedTimesteps({
    spacing,
    trainSteps,
    steps: stepCount(steps, trainSteps),
    offset: finite(config, 'steps_offset', 0),
    leavesOutLast: false,
  }).map(Math.fround);
  let sigmas = timesteps.map((t) => interpolate(table, t));
  const respacing = sigmaSpacing(config, supported.sigmaSpacings);
  if (respacing === 'karras' || respacing === 'exponential' || respacing === 'beta') {
    sigmas = spacedSigmas(respacing, { max: at(sigmas, 0), min: at(sigmas, steps - 1) }, steps);
    timesteps = sigmas.map((sigma) => timestepOfSigma(sigma, table));
  }
  const highest = Math.fround(Math.max(...sigmas));
  return {
    timesteps,
    sigmas: [...sigmas.map(Math.fround), 0],
    initNoiseSigma: spacing === 'leading' ? Math.sqrt(highest ** 2 + 1) : highest,
  };
}

/** Input scaling and noising of samples that keep their signal unscaled ("variance exploding"). */
export function explodingScaling(
  sigmas: readonly number[],
): Pick<Scheduler, 'scaleModelInput' | 'addNoise'> {
  return {
    scaleModelInput: (sample, i, out) =>
      combine(out, [1 / Math.sqrt(at(sigmas, i) ** 2 + 1)], [sample]),
    addNoise: (clean, noise, i, out) => combine(out, [1, at(sigmas, i)], [clean, noise]),
  };
}

/** Factors (sample, output) of the denoised guess at noise level `sigma`. */
export function explodingGuess(
  predictionType: 'epsilon' | 'v_prediction',
  sigma: number,
): readonly [number, number] {
  if (predictionType === 'epsilon') return [1, -sigma];
  return [1 / (sigma ** 2 + 1), -sigma / Math.sqrt(sigma ** 2 + 1)];
}
