/** Latent consistency sampling (https://arxiv.org/abs/2310.04378): a denoised guess, then noise back up to the next step. */
import { alphasCumprod } from './alphas-cumprod.ts';
import { at, combine, needed } from './combination.ts';
import { acceptOnly, finite, type SchedulerConfig } from './config.ts';
import { distilledTimesteps } from './distilled-timesteps.ts';
import { preservingGuess, preservingScaling } from './preserving-scaling.ts';
import type { ScheduleOptions, Scheduler } from './scheduler.ts';

const SIGMA_DATA = 0.5;

/**
 * LCMScheduler.
 * @throws UnsupportedSchedulerOption
 */
export function lcmScheduler(config: SchedulerConfig, options: ScheduleOptions): Scheduler {
  acceptOnly(config, {
    thresholding: false,
    clip_sample: false,
    prediction_type: 'epsilon',
    rescale_betas_zero_snr: false,
  });
  const timesteps = distilledTimesteps(config, options);
  const alphas = alphasCumprod(config);
  const scaling = finite(config, 'timestep_scaling', 10);
  const last = timesteps.length - 1;
  return {
    timesteps,
    sigmas: null,
    initNoiseSigma: 1,
    order: 1,
    needsNoise: (i) => i < last,
    ...preservingScaling(timesteps.map((t) => at(alphas, t))),
    startRun(length) {
      const denoised = new Float32Array(length);
      return {
        denoised,
        step(modelOutput, i, sample, noise) {
          const t = at(timesteps, i);
          const scaled = t * scaling;
          const skip = SIGMA_DATA ** 2 / (scaled ** 2 + SIGMA_DATA ** 2);
          const out = scaled / Math.sqrt(scaled ** 2 + SIGMA_DATA ** 2);
          const [fromSample, fromOutput] = preservingGuess('epsilon', at(alphas, t));
          combine(denoised, [out * fromSample + skip, out * fromOutput], [sample, modelOutput]);
          if (i === last) {
            sample.set(denoised);
            return;
          }
          const next = at(alphas, at(timesteps, i + 1));
          combine(sample, [Math.sqrt(next), Math.sqrt(1 - next)], [denoised, needed(noise)]);
        },
      };
    },
  };
}
