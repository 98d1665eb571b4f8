/** DPM-Solver++ of order 2 that restarts every two calls: https://arxiv.org/abs/2211.01095. */
import { combine } from './combination.ts';
import { acceptOnly, type SchedulerConfig } from './config.ts';
import { OutputHistory } from './output-history.ts';
import type { ScheduleOptions, Scheduler, SchedulerRun } from './scheduler.ts';
import {
  levelAt,
  type SolverSchedule,
  solverGuess,
  solverScaling,
  solverSchedule,
} from './solver-sigmas.ts';

/**
 * DPMSolverSinglestepScheduler.
 * @throws UnsupportedSchedulerOption
 */
export function dpmSolverSinglestepScheduler(
  config: SchedulerConfig,
  options: ScheduleOptions,
): Scheduler {
  // `lower_order_final` is not asked for: with sigmas that end at zero the reference always turns it on.
  acceptOnly(config, {
    solver_order: 2,
    algorithm_type: 'dpmsolver++',
    solver_type: 'midpoint',
    final_sigmas_type: 'zero',
    thresholding: false,
    variance_type: null,
    use_dynamic_shifting: false,
    lambda_min_clipped: config['lambda_min_clipped'] === '-Infinity' ? '-Infinity' : -Infinity,
  });
  // The reference has no other spacing here and passes over a configured one.
  const schedule = solverSchedule({ ...config, timestep_spacing: 'linspace' }, options.steps, {
    spacings: ['linspace'],
    sigmaSpacings: [],
    predictionTypes: ['epsilon'],
    finalSigmas: 'zero',
  });
  return {
    timesteps: schedule.timesteps,
    sigmas: schedule.sigmas,
    ...solverScaling(schedule.levels),
    needsNoise: () => false,
    startRun: (length) => singlestepRun(schedule, length),
  };
}

/** Odd calls finish a step of order 2; the last call is always of order 1, where no noise is left. */
const isSecond = (i: number, calls: number) => i % 2 === 1 && i < calls - 1;

function singlestepRun(schedule: SolverSchedule, length: number): SchedulerRun {
  const { levels, predictionType, timesteps } = schedule;
  const outputs = new OutputHistory(length, 2);
  const start = new Float32Array(length);
  return {
    step(modelOutput, i, sample) {
      const guess = solverGuess(predictionType, levelAt(levels, i));
      combine(outputs.next(), guess, [sample, modelOutput]);
      const to = levelAt(levels, i + 1);
      const here = levelAt(levels, i);
      if (!isSecond(i, timesteps.length) || outputs.count < 2) {
        start.set(sample);
        const w0 = -to.alpha * Math.expm1(here.lambda - to.lambda);
        combine(sample, [to.sigma / here.sigma, w0], [sample, outputs.at(0)]);
        return;
      }
      const from = levelAt(levels, i - 1);
      const h = to.lambda - from.lambda;
      const w0 = -to.alpha * Math.expm1(-h);
      const w1 = ((w0 / 2) * h) / (here.lambda - from.lambda);
      const factors = [to.sigma / from.sigma, w1, w0 - w1];
      combine(sample, factors, [start, outputs.at(0), outputs.at(1)]);
    },
  };
}
