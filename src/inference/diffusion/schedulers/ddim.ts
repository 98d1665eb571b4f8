/** DDIM, deterministic or with a share of fresh noise (eta): https://arxiv.org/abs/2010.02502, formulas 12 and 16. */
import { alphasCumprod } from './alphas-cumprod.ts';
import { at, clamp, combine, needed } from './combination.ts';
import { acceptOnly, choice, finite, type SchedulerConfig, stepCount } from './config.ts';
import { preservingGuess, preservingScaling } from './preserving-scaling.ts';
import type { ScheduleOptions, Scheduler } from './scheduler.ts';
import { roundHalfEven, spacedTimesteps } from './timestep-spacing.ts';

/**
 * DDIMScheduler.
 * @throws UnsupportedSchedulerOption
 */
export function ddimScheduler(config: SchedulerConfig, options: ScheduleOptions): Scheduler {
  acceptOnly(config, { thresholding: false });
  const types = ['epsilon', 'v_prediction'] as const;
  const predictionType = choice(config, 'prediction_type', types, 'epsilon');
  const spacings = ['leading', 'linspace', 'trailing'] as const;
  const trainSteps = finite(config, 'num_train_timesteps', 1000);
  const steps = stepCount(options.steps, trainSteps);
  const timesteps = spacedTimesteps({
    spacing: choice(config, 'timestep_spacing', spacings, 'leading'),
    trainSteps,
    steps,
    offset: finite(config, 'steps_offset', 0),
    leavesOutLast: false,
  }).map(roundHalfEven);
  const alphas = alphasCumprod(config);
  const finalAlpha = choice(config, 'set_alpha_to_one', [true, false], true) ? 1 : at(alphas, 0);
  const isClipped = choice(config, 'clip_sample', [true, false], true);
  const clipRange = finite(config, 'clip_sample_range', 1);
  const eta = options.eta ?? 0;
  const stride = Math.floor(trainSteps / steps);
  return {
    timesteps,
    sigmas: null,
    initNoiseSigma: 1,
    order: 1,
    needsNoise: () => eta > 0,
    ...preservingScaling(timesteps.map((t) => at(alphas, t))),
    startRun(length) {
      const guess = new Float32Array(length);
      return {
        step(modelOutput, i, sample, noise) {
          const t = at(timesteps, i);
          const alpha = at(alphas, t);
          const next = t - stride >= 0 ? at(alphas, t - stride) : finalAlpha;
          const variance = ((1 - next) / (1 - alpha)) * (1 - alpha / next);
          const deviation = eta * Math.sqrt(variance);
          const direction = Math.sqrt(1 - next - deviation ** 2);
          combine(guess, preservingGuess(predictionType, alpha), [sample, modelOutput]);
          if (isClipped) clamp(guess, clipRange);
          const isEpsilon = predictionType === 'epsilon';
          const ofSample = isEpsilon ? 0 : direction * Math.sqrt(1 - alpha);
          const ofOutput = isEpsilon ? direction : direction * Math.sqrt(alpha);
          const fresh = eta > 0 ? needed(noise) : guess;
          combine(
            sample,
            [Math.sqrt(next), ofSample, ofOutput, deviation],
            [guess, sample, modelOutput, fresh],
          );
        },
      };
    },
  };
}
