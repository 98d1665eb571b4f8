/** Heun's method: an Euler step, then the mean of both slopes; two calls a step but for the last. Paper: https://arxiv.org/abs/2206.00364. */
import { at, combine } from './combination.ts';
import { acceptOnly, type SchedulerConfig } from './config.ts';
import { discreteSigmas, explodingScaling } from './discrete-sigmas.ts';
import type { ScheduleOptions, Scheduler, SchedulerRun } from './scheduler.ts';

const doubledAfterFirst = (values: readonly number[]) =>
  values.flatMap((value, i) => (i === 0 ? [value] : [value, value]));

/**
 * HeunDiscreteScheduler.
 * @throws UnsupportedSchedulerOption
 */
export function heunScheduler(config: SchedulerConfig, options: ScheduleOptions): Scheduler {
  acceptOnly(config, { prediction_type: 'epsilon', clip_sample: false });
  const schedule = discreteSigmas(config, options.steps, {
    spacings: ['leading'],
    defaultSpacing: 'linspace',
    sigmaSpacings: [],
  });
  const sigmas = [...doubledAfterFirst(schedule.sigmas.slice(0, -1)), 0];
  return {
    timesteps: doubledAfterFirst(schedule.timesteps),
    sigmas,
    initNoiseSigma: schedule.initNoiseSigma,
    ...explodingScaling(sigmas),
    order: 2,
    needsNoise: () => false,
    startRun: (length) => heunRun(sigmas, length),
  };
}

function heunRun(sigmas: readonly number[], length: number): SchedulerRun {
  const slope = new Float32Array(length);
  const start = new Float32Array(length);
  let isSecond = false;
  return {
    step(modelOutput, i, sample) {
      if (isSecond) {
        const half = (at(sigmas, i) - at(sigmas, i - 1)) / 2;
        combine(sample, [1, half, half], [start, slope, modelOutput]);
      } else {
        start.set(sample);
        slope.set(modelOutput);
        combine(sample, [1, at(sigmas, i + 1) - at(sigmas, i)], [sample, modelOutput]);
      }
      isSecond = !isSecond;
    },
  };
}
