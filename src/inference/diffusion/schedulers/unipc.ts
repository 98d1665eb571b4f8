/** UniPC: each call first corrects the last step with the new output, then predicts the next. https://arxiv.org/abs/2302.04867 */
import { combine } from './combination.ts';
import { acceptOnly, choice, type SchedulerConfig, UnsupportedSchedulerOption } from './config.ts';
import { staticShift } from './flow-shift.ts';
import { OutputHistory } from './output-history.ts';
import type { ScheduleOptions, Scheduler, SchedulerRun } from './scheduler.ts';
import { solveLinear } from './solve-linear.ts';
import {
  type Level,
  levelAt,
  type SolverSchedule,
  solverGuess,
  solverScaling,
  solverSchedule,
} from './solver-sigmas.ts';
import { linspace } from './timestep-spacing.ts';

interface Settings {
  readonly solverType: 'bh1' | 'bh2';
  readonly solverOrder: 2 | 3;
}

/** From 1 downwards; the reference keeps the first a little below 1, where the signal would vanish. */
function flowSigmas(shift: number, steps: number, trainSteps: number): number[] {
  const sigmas = linspace(1, 1 / trainSteps, steps + 1).slice(0, -1);
  return sigmas.map((sigma) => Math.min(staticShift(sigma, shift), 1 - 1e-6));
}

/**
 * UniPCMultistepScheduler.
 * @throws UnsupportedSchedulerOption
 */
export function unipcScheduler(config: SchedulerConfig, options: ScheduleOptions): Scheduler {
  acceptOnly(config, {
    predict_x0: true,
    lower_order_final: true,
    solver_p: null,
    thresholding: false,
    rescale_betas_zero_snr: false,
    use_dynamic_shifting: false,
    shift_terminal: null,
    sigma_min: null,
    sigma_max: null,
  });
  const disabled = config['disable_corrector'] ?? [];
  if (!Array.isArray(disabled) || disabled.length > 0) {
    throw new UnsupportedSchedulerOption('disable_corrector', '[]', disabled);
  }
  const solverType = choice(config, 'solver_type', ['bh1', 'bh2'], 'bh2');
  const solverOrder = choice<2 | 3>(config, 'solver_order', [2, 3], 2);
  // bh1 divides by the length of the last step, which is infinite where no noise is left.
  const finals = solverType === 'bh1' ? (['sigma_min'] as const) : (['zero'] as const);
  const schedule = solverSchedule(config, options.steps, {
    spacings: ['linspace', 'leading', 'trailing'],
    sigmaSpacings: ['karras', 'flow'],
    predictionTypes: ['epsilon', 'v_prediction', 'flow_prediction'],
    finalSigmas: choice<'zero' | 'sigma_min'>(config, 'final_sigmas_type', finals, 'zero'),
    flowSigmas,
  });
  return {
    timesteps: schedule.timesteps,
    sigmas: schedule.sigmas,
    ...solverScaling(schedule.levels),
    needsNoise: () => false,
    startRun: (length) => unipcRun({ solverType, solverOrder }, schedule, length),
  };
}

function unipcRun(settings: Settings, schedule: SolverSchedule, length: number): SchedulerRun {
  const { levels, predictionType, timesteps } = schedule;
  // One more than the order: the corrector needs the new guess beside those of its step.
  const guesses = new OutputHistory(length, settings.solverOrder + 1);
  const before = new Float32Array(length);
  let order = 0;
  return {
    step(modelOutput, i, sample) {
      const newest = guesses.next();
      combine(newest, solverGuess(predictionType, levelAt(levels, i)), [sample, modelOutput]);
      if (order > 0) {
        const { factors, newOutput } = corrector(settings, levels, i, order);
        const held = factors.slice(1).map((_, age) => guesses.at(age + 1));
        combine(sample, [...factors, newOutput], [before, ...held, newest]);
      }
      order = Math.min(settings.solverOrder, timesteps.length - i, order + 1);
      before.set(sample);
      const factors = predictor(settings, levels, i, order);
      combine(sample, factors, [before, ...factors.slice(1).map((_, age) => guesses.at(age))]);
    },
  };
}

/** What predictor and corrector share for the step between levels `from` and `from + 1`. */
interface StepSystem {
  readonly to: Level;
  /** Relative positions of the older guesses, then 1. */
  readonly positions: readonly number[];
  readonly matrix: readonly (readonly number[])[];
  readonly right: readonly number[];
  readonly scale: number;
  readonly factors: readonly [number, number];
}

function stepSystem(
  settings: Settings,
  levels: readonly Level[],
  from: number,
  order: number,
): StepSystem {
  const start = levelAt(levels, from);
  const to = levelAt(levels, from + 1);
  const h = to.lambda - start.lambda;
  const positions = Array.from({ length: order }, (_, k) =>
    k === order - 1 ? 1 : (levelAt(levels, from - k - 1).lambda - start.lambda) / h,
  );
  const phi1 = Math.expm1(-h);
  const scale = settings.solverType === 'bh1' ? -h : phi1;
  let phi = phi1 / -h - 1;
  let factorial = 1;
  const right: number[] = [];
  for (let k = 1; k <= order; k++) {
    right.push((phi * factorial) / scale);
    factorial *= k + 1;
    phi = phi / -h - 1 / factorial;
  }
  const matrix = Array.from({ length: order }, (_, k) => positions.map((r) => r ** k));
  return {
    to,
    positions,
    matrix,
    right,
    scale,
    factors: [to.sigma / start.sigma, -to.alpha * phi1],
  };
}

/** Adds the divided differences of the older guesses to the factors of (sample, guess, older guesses). */
function withDifferences(system: StepSystem, weights: readonly number[]): number[] {
  const [ofSample, ofNewest] = system.factors;
  const older = weights.map(
    (rho, k) => (-system.to.alpha * system.scale * rho) / (system.positions[k] ?? 1),
  );
  return [ofSample, older.reduce((sum, factor) => sum - factor, ofNewest), ...older];
}

function predictor(
  settings: Settings,
  levels: readonly Level[],
  i: number,
  order: number,
): number[] {
  const system = stepSystem(settings, levels, i, order);
  if (order === 1) return [...system.factors];
  if (order === 2) return withDifferences(system, [0.5]);
  const smaller = system.matrix.slice(0, -1).map((row) => row.slice(0, -1));
  return withDifferences(system, solveLinear(smaller, system.right.slice(0, -1)));
}

function corrector(settings: Settings, levels: readonly Level[], i: number, order: number) {
  const system = stepSystem(settings, levels, i - 1, order);
  const weights = order === 1 ? [0.5] : solveLinear(system.matrix, system.right);
  const last = weights[weights.length - 1] ?? 0;
  const newOutput = -system.to.alpha * system.scale * last;
  const [ofSample = 0, ofNewest = 0, ...older] = withDifferences(system, weights.slice(0, -1));
  return { factors: [ofSample, ofNewest - newOutput, ...older], newOutput };
}
