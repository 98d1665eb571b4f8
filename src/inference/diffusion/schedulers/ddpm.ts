/** Ancestral sampling of DDPM with the smaller fixed variance: https://arxiv.org/abs/2006.11239, formulas 6 and 7. */
import { alphasCumprod } from './alphas-cumprod.ts';
import { at, combine, needed } from './combination.ts';
import {
  acceptOnly,
  choice,
  finite,
  type SchedulerConfig,
  stepCount,
  UnsupportedSchedulerOption,
} from './config.ts';
import { preservingGuess, preservingScaling } from './preserving-scaling.ts';
import type { ScheduleOptions, Scheduler } from './scheduler.ts';
import { spacedTimesteps } from './timestep-spacing.ts';

/**
 * DDPMScheduler.
 * @throws UnsupportedSchedulerOption
 */
export function ddpmScheduler(config: SchedulerConfig, options: ScheduleOptions): Scheduler {
  acceptOnly(config, {
    thresholding: false,
    prediction_type: 'epsilon',
    variance_type: 'fixed_small',
    rescale_betas_zero_snr: false,
  });
  if (config['clip_sample'] !== false) {
    throw new UnsupportedSchedulerOption('clip_sample', 'false', config['clip_sample'] ?? true);
  }
  const trainSteps = finite(config, 'num_train_timesteps', 1000);
  const timesteps = spacedTimesteps({
    spacing: choice(config, 'timestep_spacing', ['leading'], 'leading'),
    trainSteps,
    steps: stepCount(options.steps, trainSteps),
    offset: finite(config, 'steps_offset', 0),
    leavesOutLast: false,
  });
  const alphas = alphasCumprod(config);
  return {
    timesteps,
    sigmas: null,
    initNoiseSigma: 1,
    order: 1,
    needsNoise: (i) => at(timesteps, i) > 0,
    ...preservingScaling(timesteps.map((t) => at(alphas, t))),
    startRun: () => ({
      step(modelOutput, i, sample, noise) {
        const alpha = at(alphas, at(timesteps, i));
        const next = i + 1 < timesteps.length ? at(alphas, at(timesteps, i + 1)) : 1;
        const beta = 1 - alpha / next;
        const [fromSample, fromOutput] = preservingGuess('epsilon', alpha);
        const ofGuess = (Math.sqrt(next) * beta) / (1 - alpha);
        const ofSample = (Math.sqrt(alpha / next) * (1 - next)) / (1 - alpha);
        const variance = Math.max(((1 - next) / (1 - alpha)) * beta, 1e-20);
        const isNoisy = at(timesteps, i) > 0;
        combine(
          sample,
          [
            ofGuess * fromSample + ofSample,
            ofGuess * fromOutput,
            isNoisy ? Math.sqrt(variance) : 0,
          ],
          [sample, modelOutput, isNoisy ? needed(noise) : sample],
        );
      },
    }),
  };
}
