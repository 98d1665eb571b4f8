/** The schedule that the exponential-integrator solvers share (DPM-Solver, DEIS, UniPC), and their signal and noise levels. */
import { trainingSigmas } from './alphas-cumprod.ts';
import { at, combine } from './combination.ts';
import { choice, finite, type SchedulerConfig, stepCount } from './config.ts';
import { staticShift } from './flow-shift.ts';
import type { PredictionType, Scheduler, TimestepSpacing } from './scheduler.ts';
import {
  interpolate,
  type SigmaSpacing,
  sigmaSpacing,
  spacedSigmas,
  timestepOfSigma,
} from './sigma-spacing.ts';
import { linspace, roundHalfEven, spacedTimesteps } from './timestep-spacing.ts';

/** What of the configuration a solver has fixtures for. */
export interface SolverOptions {
  readonly spacings: readonly [TimestepSpacing, ...TimestepSpacing[]];
  readonly sigmaSpacings: readonly ('karras' | 'lu' | 'flow')[];
  readonly predictionTypes: readonly [PredictionType, ...PredictionType[]];
  /** What the schedule ends at: no noise, or the lowest training level. */
  readonly finalSigmas: 'zero' | 'sigma_min';
  /** Sigmas of a flow, highest first, from the shift and the number of steps. */
  readonly flowSigmas?: (shift: number, steps: number, trainSteps: number) => number[];
}

/** Signal and noise share at a noise level, and half the logarithm of their ratio. */
export interface Level {
  readonly alpha: number;
  readonly sigma: number;
  readonly lambda: number;
}

/** A solver's schedule. */
export interface SolverSchedule {
  readonly timesteps: readonly number[];
  readonly sigmas: readonly number[];
  /** One for each of `sigmas`. */
  readonly levels: readonly Level[];
  readonly predictionType: PredictionType;
}

function levelOf(sigma: number, isFlow: boolean): Level {
  const alpha = isFlow ? 1 - sigma : 1 / Math.sqrt(sigma ** 2 + 1);
  const noise = isFlow ? sigma : sigma * alpha;
  return { alpha, sigma: noise, lambda: Math.log(alpha) - Math.log(noise) };
}

interface Respaced {
  readonly timesteps: readonly number[];
  readonly sigmas: readonly number[];
}

function respace(
  spacing: SigmaSpacing,
  table: readonly number[],
  by: { readonly steps: number; readonly flow: () => number[]; readonly trainSteps: number },
): Respaced | null {
  const { steps, trainSteps } = by;
  const ends = { max: at(table, table.length - 1), min: at(table, 0) };
  if (spacing === 'flow') {
    const sigmas = by.flow();
    return { sigmas, timesteps: sigmas.map((sigma) => Math.trunc(sigma * trainSteps)) };
  }
  if (spacing !== 'karras' && spacing !== 'lu') return null;
  // Lu's spacing is even in the logarithm, which is the exponential one (https://arxiv.org/abs/2206.00927).
  const sigmas = spacedSigmas(spacing === 'lu' ? 'exponential' : spacing, ends, steps);
  return {
    sigmas,
    timesteps: sigmas.map((sigma) => roundHalfEven(timestepOfSigma(sigma, table))),
  };
}

function spacedSchedule(
  config: SchedulerConfig,
  table: readonly number[],
  by: { readonly steps: number; readonly trainSteps: number; readonly solver: SolverOptions },
): Respaced {
  const timesteps = spacedTimesteps({
    spacing: choice(config, 'timestep_spacing', by.solver.spacings, 'linspace'),
    trainSteps: by.trainSteps,
    steps: by.steps,
    offset: finite(config, 'steps_offset', 0),
    leavesOutLast: true,
  }).map(roundHalfEven);
  return { timesteps, sigmas: timesteps.map((t) => interpolate(table, t)) };
}

/**
 * Makes the schedule.
 * @throws UnsupportedSchedulerOption
 */
export function solverSchedule(
  config: SchedulerConfig,
  requested: number,
  solver: SolverOptions,
): SolverSchedule {
  const trainSteps = finite(config, 'num_train_timesteps', 1000);
  const steps = stepCount(requested, trainSteps);
  const table = trainingSigmas(config);
  const spacing = sigmaSpacing(config, solver.sigmaSpacings);
  const isFlow = spacing === 'flow';
  const predictionType = choice(config, 'prediction_type', solver.predictionTypes, 'epsilon');
  if (isFlow !== (predictionType === 'flow_prediction')) {
    // Flow sigmas and flow predictions have fixtures only together.
    choice({ use_flow_sigmas: isFlow }, 'use_flow_sigmas', [!isFlow], !isFlow);
  }
  const shift = finite(config, 'flow_shift', 1);
  const flow = () => solver.flowSigmas?.(shift, steps, trainSteps) ?? [];
  const { timesteps, sigmas } =
    respace(spacing, table, { steps, flow, trainSteps }) ??
    spacedSchedule(config, table, { steps, trainSteps, solver });
  const last = solver.finalSigmas === 'zero' ? 0 : at(table, 0);
  const all = [...sigmas, last].map(Math.fround);
  return { timesteps, sigmas: all, levels: all.map((s) => levelOf(s, isFlow)), predictionType };
}

/** Sigmas of a flow as DPM-Solver spaces them: from just below 1 downwards. */
export function dpmFlowSigmas(shift: number, steps: number, trainSteps: number): number[] {
  return linspace(1, 1 / trainSteps, steps + 1)
    .map((alpha) => staticShift(1 - alpha, shift))
    .reverse()
    .slice(0, -1);
}

/** A level that the caller knows to be there. */
export function levelAt(levels: readonly Level[], index: number): Level {
  const level = levels[index];
  if (level === undefined) throw new RangeError(`No noise level ${index} of ${levels.length}`);
  return level;
}

/** Input scaling (none) and noising. */
export function solverScaling(
  levels: readonly Level[],
): Pick<Scheduler, 'scaleModelInput' | 'addNoise' | 'initNoiseSigma' | 'order'> {
  return {
    initNoiseSigma: 1,
    order: 1,
    scaleModelInput: (sample) => sample,
    addNoise: (clean, noise, i, out) => {
      const { alpha, sigma } = levelAt(levels, i);
      return combine(out, [alpha, sigma], [clean, noise]);
    },
  };
}

/** Factors (sample, output) of the denoised guess at a level. */
export function solverGuess(type: PredictionType, level: Level): readonly [number, number] {
  const { alpha, sigma } = level;
  switch (type) {
    case 'epsilon':
      return [1 / alpha, -sigma / alpha];
    case 'v_prediction':
      return [alpha, -sigma];
    case 'flow_prediction':
      return [1, -sigma];
    case 'sample':
      return [0, 1];
  }
}
