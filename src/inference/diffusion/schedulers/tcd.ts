/** Trajectory consistency sampling (https://arxiv.org/abs/2402.19159): to below the next step, and noise back up to it. */
import { alphasCumprod } from './alphas-cumprod.ts';
import { at, combine, needed } from './combination.ts';
import { acceptOnly, type SchedulerConfig } from './config.ts';
import { distilledTimesteps } from './distilled-timesteps.ts';
import { preservingGuess, preservingScaling } from './preserving-scaling.ts';
import type { ScheduleOptions, Scheduler } from './scheduler.ts';

/** The reference's share of fresh noise ("gamma" in the paper). */
const DEFAULT_ETA = 0.3;

/**
 * TCDScheduler.
 * @throws UnsupportedSchedulerOption
 */
export function tcdScheduler(config: SchedulerConfig, options: ScheduleOptions): Scheduler {
  acceptOnly(config, {
    thresholding: false,
    clip_sample: false,
    prediction_type: 'epsilon',
    rescale_betas_zero_snr: false,
  });
  const betas = { beta_start: 0.00085, beta_end: 0.012, beta_schedule: 'scaled_linear', ...config };
  const alphas = alphasCumprod(betas);
  const timesteps = distilledTimesteps(config, options);
  const eta = options.eta ?? DEFAULT_ETA;
  const last = timesteps.length - 1;
  return {
    timesteps,
    sigmas: null,
    initNoiseSigma: 1,
    order: 1,
    needsNoise: (i) => eta > 0 && i < last,
    ...preservingScaling(timesteps.map((t) => at(alphas, t))),
    startRun: () => ({
      step(modelOutput, i, sample, noise) {
        const nextTimestep = i < last ? at(timesteps, i + 1) : 0;
        const below = at(alphas, Math.floor((1 - eta) * nextTimestep));
        const [fromSample, fromOutput] = preservingGuess('epsilon', at(alphas, at(timesteps, i)));
        const signal = Math.sqrt(below);
        const ofOutput = signal * fromOutput + Math.sqrt(1 - below);
        const isNoisy = eta > 0 && i < last;
        const ratio = isNoisy ? at(alphas, nextTimestep) / below : 1;
        combine(
          sample,
          [
            signal * fromSample * Math.sqrt(ratio),
            ofOutput * Math.sqrt(ratio),
            Math.sqrt(1 - ratio),
          ],
          [sample, modelOutput, isNoisy ? needed(noise) : sample],
        );
      },
    }),
  };
}
