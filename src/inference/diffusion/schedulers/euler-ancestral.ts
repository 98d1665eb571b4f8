/** Euler steps to below the next noise level, and fresh noise up to it (k-diffusion's sample_euler_ancestral). */
import { at, combine, needed } from './combination.ts';
import { acceptOnly, choice, type SchedulerConfig } from './config.ts';
import { discreteSigmas, explodingGuess, explodingScaling } from './discrete-sigmas.ts';
import type { ScheduleOptions, Scheduler } from './scheduler.ts';

/**
 * EulerAncestralDiscreteScheduler.
 * @throws UnsupportedSchedulerOption
 */
export function eulerAncestralScheduler(
  config: SchedulerConfig,
  options: ScheduleOptions,
): Scheduler {
  acceptOnly(config, { rescale_betas_zero_snr: false });
  const predictionType = choice(config, 'prediction_type', ['epsilon', 'v_prediction'], 'epsilon');
  const schedule = discreteSigmas(config, options.steps, {
    spacings: ['linspace', 'leading', 'trailing'],
    defaultSpacing: 'linspace',
    sigmaSpacings: [],
  });
  const { sigmas } = schedule;
  return {
    ...schedule,
    ...explodingScaling(sigmas),
    order: 1,
    needsNoise: () => true,
    startRun: () => ({
      step(modelOutput, i, sample, noise) {
        const from = at(sigmas, i);
        const to = at(sigmas, i + 1);
        const up = Math.sqrt((to ** 2 * (from ** 2 - to ** 2)) / from ** 2);
        const down = Math.sqrt(to ** 2 - up ** 2);
        const [fromSample, fromOutput] = explodingGuess(predictionType, from);
        const dt = (down - from) / from;
        combine(
          sample,
          [1 + dt * (1 - fromSample), -dt * fromOutput, up],
          [sample, modelOutput, needed(noise)],
        );
      },
    }),
  };
}
