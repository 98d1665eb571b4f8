/** Euler's method on a flow from noise to picture (https://arxiv.org/abs/2403.03206), with the shifts of flow-shift.ts. */
import { at, combine, needed } from './combination.ts';
import {
  acceptOnly,
  choice,
  finite,
  type SchedulerConfig,
  stepCount,
  UnsupportedSchedulerOption,
} from './config.ts';
import { dynamicShift, staticShift, stretchToTerminal } from './flow-shift.ts';
import type { ScheduleOptions, Scheduler } from './scheduler.ts';
import { sigmaSpacing, spacedSigmas } from './sigma-spacing.ts';
import { linspace } from './timestep-spacing.ts';

/** Moves sigmas by the configured shift; a dynamic one needs `mu`. */
function shiftOf(config: SchedulerConfig, mu: number | undefined): (sigma: number) => number {
  if (!choice(config, 'use_dynamic_shifting', [false, true], false)) {
    const shift = finite(config, 'shift', 1);
    return (sigma) => staticShift(sigma, shift);
  }
  const types = ['exponential', 'linear'] as const;
  const type = choice(config, 'time_shift_type', types, 'exponential');
  if (mu === undefined) throw new UnsupportedSchedulerOption('mu', 'a number', null);
  return (sigma) => dynamicShift(sigma, mu, type);
}

/** The schedule before shifting. Without given sigmas its end is shifted here and again below, as in the reference. */
function baseSigmas(config: SchedulerConfig, options: ScheduleOptions): number[] {
  if (options.sigmas !== undefined) return options.sigmas.map(Math.fround);
  const trainSteps = finite(config, 'num_train_timesteps', 1000);
  const isDynamic = config['use_dynamic_shifting'] === true;
  const lowest = Math.fround(1 / trainSteps);
  const shifted = isDynamic ? lowest : staticShift(lowest, finite(config, 'shift', 1));
  return linspace(1, options.sigmaMin ?? shifted, stepCount(options.steps, trainSteps));
}

function flowSigmas(config: SchedulerConfig, options: ScheduleOptions): number[] {
  const shifted = baseSigmas(config, options).map(shiftOf(config, options.mu));
  const terminal = finite(config, 'shift_terminal', 0);
  const stretched = terminal === 0 ? shifted : stretchToTerminal(shifted, terminal);
  const spacing = sigmaSpacing(config, ['karras', 'exponential', 'beta']);
  if (spacing !== 'karras' && spacing !== 'exponential' && spacing !== 'beta') return stretched;
  const last = stretched.length - 1;
  return spacedSigmas(spacing, { max: at(stretched, 0), min: at(stretched, last) }, last + 1);
}

/**
 * FlowMatchEulerDiscreteScheduler.
 * @throws UnsupportedSchedulerOption
 */
export function flowMatchEulerScheduler(
  config: SchedulerConfig,
  options: ScheduleOptions,
): Scheduler {
  acceptOnly(config, { invert_sigmas: false });
  const trainSteps = finite(config, 'num_train_timesteps', 1000);
  const isStochastic = choice(config, 'stochastic_sampling', [false, true], false);
  const levels = flowSigmas(config, options).map(Math.fround);
  const sigmas = [...levels, 0];
  return {
    timesteps: levels.map((sigma) => Math.fround(sigma * trainSteps)),
    sigmas,
    initNoiseSigma: 1,
    order: 1,
    needsNoise: () => isStochastic,
    scaleModelInput: (sample) => sample,
    addNoise: (clean, noise, i, out) =>
      combine(out, [1 - at(sigmas, i), at(sigmas, i)], [clean, noise]),
    startRun: () => ({
      step(modelOutput, i, sample, noise) {
        const sigma = at(sigmas, i);
        const next = at(sigmas, i + 1);
        if (!isStochastic) {
          combine(sample, [1, next - sigma], [sample, modelOutput]);
          return;
        }
        const kept = 1 - next;
        combine(sample, [kept, -kept * sigma, next], [sample, modelOutput, needed(noise)]);
      },
    }),
  };
}
