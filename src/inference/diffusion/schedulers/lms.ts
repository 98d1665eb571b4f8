/** Linear multistep (Adams-Bashforth with uneven steps) of order 4: k-diffusion's sample_lms. */
import { at, combine } from './combination.ts';
import { acceptOnly, type SchedulerConfig } from './config.ts';
import { discreteSigmas, explodingScaling } from './discrete-sigmas.ts';
import { OutputHistory } from './output-history.ts';
import type { ScheduleOptions, Scheduler } from './scheduler.ts';

const ORDER = 4;

/** Integral over the step of the Lagrange polynomial of degree <= 3: two Gauss points are exact. */
function coefficient(sigmas: readonly number[], i: number, order: number, which: number): number {
  const from = at(sigmas, i);
  const half = (at(sigmas, i + 1) - from) / 2;
  let sum = 0;
  for (const point of [-1 / Math.sqrt(3), 1 / Math.sqrt(3)]) {
    const tau = from + half * (1 + point);
    let product = 1;
    for (let k = 0; k < order; k++) {
      if (k === which) continue;
      product *= (tau - at(sigmas, i - k)) / (at(sigmas, i - which) - at(sigmas, i - k));
    }
    sum += product;
  }
  return half * sum;
}

/**
 * LMSDiscreteScheduler.
 * @throws UnsupportedSchedulerOption
 */
export function lmsScheduler(config: SchedulerConfig, options: ScheduleOptions): Scheduler {
  acceptOnly(config, { prediction_type: 'epsilon' });
  const schedule = discreteSigmas(config, options.steps, {
    spacings: ['leading'],
    defaultSpacing: 'linspace',
    sigmaSpacings: [],
  });
  const { sigmas } = schedule;
  return {
    ...schedule,
    ...explodingScaling(sigmas),
    order: 1,
    needsNoise: () => false,
    startRun(length) {
      const slopes = new OutputHistory(length, ORDER);
      return {
        step(modelOutput, i, sample) {
          slopes.next().set(modelOutput);
          const order = slopes.count;
          const ages = Array.from({ length: order }, (_, k) => k);
          combine(
            sample,
            [1, ...ages.map((k) => coefficient(sigmas, i, order, k))],
            [sample, ...ages.map((k) => slopes.at(k))],
          );
        },
      };
    },
  };
}
