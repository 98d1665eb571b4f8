/** Euler's method on the probability-flow equation, with optional churn: algorithm 2 of https://arxiv.org/abs/2206.00364. */
import { at, combine, needed } from './combination.ts';
import { acceptOnly, choice, type SchedulerConfig } from './config.ts';
import { discreteSigmas, explodingGuess, explodingScaling } from './discrete-sigmas.ts';
import type { ScheduleOptions, Scheduler } from './scheduler.ts';

/**
 * EulerDiscreteScheduler.
 * @throws UnsupportedSchedulerOption
 */
export function eulerScheduler(config: SchedulerConfig, options: ScheduleOptions): Scheduler {
  acceptOnly(config, {
    interpolation_type: 'linear',
    timestep_type: 'discrete',
    final_sigmas_type: 'zero',
    sigma_min: null,
    sigma_max: null,
  });
  const predictionType = choice(config, 'prediction_type', ['epsilon', 'v_prediction'], 'epsilon');
  const schedule = discreteSigmas(config, options.steps, {
    spacings: ['linspace', 'leading', 'trailing'],
    defaultSpacing: 'linspace',
    sigmaSpacings: ['karras', 'exponential', 'beta'],
  });
  const { sigmas } = schedule;
  const churn = Math.min((options.sChurn ?? 0) / (sigmas.length - 1), Math.SQRT2 - 1);
  const noiseScale = options.sNoise ?? 1;
  return {
    ...schedule,
    ...explodingScaling(sigmas),
    order: 1,
    needsNoise: () => churn > 0,
    startRun: () => ({
      step(modelOutput, i, sample, noise) {
        const sigma = at(sigmas, i);
        const raised = sigma * (churn + 1);
        if (churn > 0) {
          const added = noiseScale * Math.sqrt(raised ** 2 - sigma ** 2);
          combine(sample, [1, added], [sample, needed(noise)]);
        }
        // Reference: epsilon takes the raised level, v_prediction the one before churn.
        const guessed = predictionType === 'epsilon' ? raised : sigma;
        const [fromSample, fromOutput] = explodingGuess(predictionType, guessed);
        const dt = (at(sigmas, i + 1) - raised) / raised;
        combine(sample, [1 + dt * (1 - fromSample), -dt * fromOutput], [sample, modelOutput]);
      },
    }),
  };
}
