/** DEIS of order 2, integrated in the logarithm of the noise-to-signal ratio: https://arxiv.org/abs/2204.13902. */
import { at, combine } from './combination.ts';
import { acceptOnly, type SchedulerConfig } from './config.ts';
import { OutputHistory } from './output-history.ts';
import type { ScheduleOptions, Scheduler, SchedulerRun } from './scheduler.ts';
import { levelAt, type SolverSchedule, solverScaling, solverSchedule } from './solver-sigmas.ts';

/**
 * DEISMultistepScheduler.
 * @throws UnsupportedSchedulerOption
 */
export function deisScheduler(config: SchedulerConfig, options: ScheduleOptions): Scheduler {
  acceptOnly(config, {
    solver_order: 2,
    algorithm_type: 'deis',
    solver_type: 'logrho',
    lower_order_final: true,
    thresholding: false,
    use_dynamic_shifting: false,
  });
  const schedule = solverSchedule(config, options.steps, {
    spacings: ['linspace'],
    sigmaSpacings: [],
    predictionTypes: ['epsilon'],
    finalSigmas: 'sigma_min',
  });
  return {
    timesteps: schedule.timesteps,
    sigmas: schedule.sigmas,
    ...solverScaling(schedule.levels),
    needsNoise: () => false,
    startRun: (length) => deisRun(schedule, length),
  };
}

/** Integral of (log t - log c) / (log b - log c) over t. */
const integral = (t: number, b: number, c: number) =>
  (t * (Math.log(t) - Math.log(c) - 1)) / (Math.log(b) - Math.log(c));

function deisRun(schedule: SolverSchedule, length: number): SchedulerRun {
  const { levels, sigmas, timesteps } = schedule;
  const outputs = new OutputHistory(length, 2);
  const calls = timesteps.length;
  return {
    step(modelOutput, i, sample) {
      outputs.next().set(modelOutput);
      const from = levelAt(levels, i);
      const to = levelAt(levels, i + 1);
      const kept = to.alpha / from.alpha;
      if (outputs.count < 2 || (i === calls - 1 && calls < 15)) {
        const w0 = -to.sigma * Math.expm1(to.lambda - from.lambda);
        combine(sample, [kept, w0], [sample, outputs.at(0)]);
        return;
      }
      const [end, start, before] = [at(sigmas, i + 1), at(sigmas, i), at(sigmas, i - 1)];
      const w0 = integral(end, start, before) - integral(start, start, before);
      const w1 = integral(end, before, start) - integral(start, before, start);
      const factors = [kept, to.alpha * w0, to.alpha * w1];
      combine(sample, factors, [sample, outputs.at(0), outputs.at(1)]);
    },
  };
}
