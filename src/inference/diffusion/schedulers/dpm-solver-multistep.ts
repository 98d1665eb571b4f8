/**
 * DPM-Solver and DPM-Solver++ of order 1 to 3 over past outputs, and the SDE variant of the second.
 * Papers: https://arxiv.org/abs/2206.00927, https://arxiv.org/abs/2211.01095.
 */
import { combine, needed } from './combination.ts';
import { acceptOnly, choice, type SchedulerConfig, UnsupportedSchedulerOption } from './config.ts';
import { OutputHistory } from './output-history.ts';
import type { ScheduleOptions, Scheduler, SchedulerRun } from './scheduler.ts';
import {
  dpmFlowSigmas,
  type Level,
  levelAt,
  type SolverSchedule,
  solverGuess,
  solverScaling,
  solverSchedule,
} from './solver-sigmas.ts';

const ALGORITHMS = ['dpmsolver++', 'dpmsolver', 'sde-dpmsolver++'] as const;
type Algorithm = (typeof ALGORITHMS)[number];

interface Settings {
  readonly algorithm: Algorithm;
  readonly solverType: 'midpoint' | 'heun';
  readonly solverOrder: 1 | 2 | 3;
  readonly lowersFinalOrder: boolean;
  readonly isEulerAtFinal: boolean;
}

function settingsOf(config: SchedulerConfig): Settings {
  acceptOnly(config, {
    thresholding: false,
    use_dynamic_shifting: false,
    variance_type: null,
    rescale_betas_zero_snr: false,
  });
  refuseClippedLambda(config);
  const algorithm = choice(config, 'algorithm_type', ALGORITHMS, 'dpmsolver++');
  const isPlain = algorithm === 'dpmsolver++';
  const order = choice(config, 'solver_order', isPlain ? [1, 2, 3] : [2], 2);
  return {
    algorithm,
    solverType: choice(
      config,
      'solver_type',
      isPlain ? ['midpoint', 'heun'] : ['midpoint'],
      'midpoint',
    ),
    solverOrder: order === 1 || order === 3 ? order : 2,
    lowersFinalOrder: choice(config, 'lower_order_final', [true], true),
    isEulerAtFinal: choice(config, 'euler_at_final', [false, true], false),
  };
}

function refuseClippedLambda(config: SchedulerConfig): void {
  const clipped = config['lambda_min_clipped'] ?? Number.NEGATIVE_INFINITY;
  if (clipped !== Number.NEGATIVE_INFINITY && clipped !== '-Infinity') {
    throw new UnsupportedSchedulerOption('lambda_min_clipped', '-Infinity', clipped);
  }
}

/**
 * DPMSolverMultistepScheduler.
 * @throws UnsupportedSchedulerOption
 */
export function dpmSolverMultistepScheduler(
  config: SchedulerConfig,
  options: ScheduleOptions,
): Scheduler {
  const settings = settingsOf(config);
  // DPM-Solver without ++ divides by the last noise level: only sigma_min has a meaning there.
  const final = settings.algorithm === 'dpmsolver' ? 'sigma_min' : 'zero';
  const schedule = solverSchedule(config, options.steps, {
    spacings: ['linspace', 'leading', 'trailing'],
    sigmaSpacings: ['karras', 'lu', 'flow'],
    predictionTypes: ['epsilon', 'v_prediction', 'flow_prediction'],
    finalSigmas: choice(config, 'final_sigmas_type', [final], 'zero' as typeof final),
    flowSigmas: dpmFlowSigmas,
  });
  return {
    timesteps: schedule.timesteps,
    sigmas: schedule.sigmas,
    ...solverScaling(schedule.levels),
    needsNoise: () => settings.algorithm === 'sde-dpmsolver++',
    startRun: (length) => dpmRun(settings, schedule, length),
  };
}

/** Order of call `i` when `held` outputs are there, the newest included. */
function orderAt(settings: Settings, calls: number, i: number, held: number): number {
  const { solverOrder, isEulerAtFinal, lowersFinalOrder, algorithm } = settings;
  const isShort = lowersFinalOrder && calls < 15;
  const endsAtZero = algorithm !== 'dpmsolver';
  if (i === calls - 1 && (isShort || isEulerAtFinal || endsAtZero)) return 1;
  const order = Math.min(solverOrder, held);
  return i === calls - 2 && isShort ? Math.min(order, 2) : order;
}

function dpmRun(settings: Settings, schedule: SolverSchedule, length: number): SchedulerRun {
  const { levels, predictionType, timesteps } = schedule;
  const outputs = new OutputHistory(length, settings.solverOrder);
  return {
    step(modelOutput, i, sample, noise) {
      const guess = solverGuess(predictionType, levelAt(levels, i));
      const newest = outputs.next();
      combine(newest, toKept(settings.algorithm, guess, levelAt(levels, i)), [sample, modelOutput]);
      const order = orderAt(settings, timesteps.length, i, outputs.count);
      const factors = stepFactors(settings, levels, i, order);
      const held = factors.outputs.map((_, age) => outputs.at(age));
      const fresh = factors.noise === null ? [] : [needed(noise)];
      combine(
        sample,
        [factors.sample, ...factors.outputs, factors.noise ?? 0],
        [sample, ...held, ...(fresh.length > 0 ? fresh : [sample])],
      );
    },
  };
}

/** DPM-Solver++ keeps the denoised guess, DPM-Solver the noise in the sample. */
function toKept(algorithm: Algorithm, guess: readonly [number, number], level: Level) {
  if (algorithm !== 'dpmsolver') return guess;
  const { alpha, sigma } = level;
  return [(1 - alpha * guess[0]) / sigma, (-alpha * guess[1]) / sigma];
}

interface Factors {
  readonly sample: number;
  /** Newest first. */
  readonly outputs: readonly number[];
  readonly noise: number | null;
}

function stepFactors(
  settings: Settings,
  levels: readonly Level[],
  i: number,
  order: number,
): Factors {
  const from = levelAt(levels, i);
  const to = levelAt(levels, i + 1);
  const h = to.lambda - from.lambda;
  const { sample, weights, noise } = integrals(settings, order, from, to);
  const [w0, w1, w2] = weights;
  if (order === 1) return { sample, outputs: [w0], noise };
  const r0 = (from.lambda - levelAt(levels, i - 1).lambda) / h;
  if (order === 2) return { sample, outputs: [w0 + w1 / r0, -w1 / r0], noise };
  const r1 = (levelAt(levels, i - 1).lambda - levelAt(levels, i - 2).lambda) / h;
  const share = r0 / (r0 + r1);
  const ofNew = w1 * (1 + share) + w2 / (r0 + r1);
  const ofOld = -w1 * share - w2 / (r0 + r1);
  const [d0, d1] = [ofNew / r0, ofOld / r1];
  return { sample, outputs: [w0 + d0, d1 - d0, -d1], noise };
}

/** Weights of the newest output and of its first and second divided difference. */
function integrals(settings: Settings, order: number, from: Level, to: Level) {
  const { algorithm, solverType } = settings;
  const h = to.lambda - from.lambda;
  // The solver type belongs to steps of order 2; those of order 3 are always integrated exactly.
  const isMidpoint = solverType === 'midpoint' && order !== 3;
  if (algorithm === 'dpmsolver') {
    const grown = to.sigma * Math.expm1(h);
    const weights = [-grown, -grown / 2, 0] as const;
    return { sample: to.alpha / from.alpha, weights, noise: null };
  }
  if (algorithm === 'sde-dpmsolver++') {
    const gone = -to.alpha * Math.expm1(-2 * h);
    const noise = to.sigma * Math.sqrt(-Math.expm1(-2 * h));
    const weights = [gone, gone / 2, 0] as const;
    return { sample: (to.sigma / from.sigma) * Math.exp(-h), weights, noise };
  }
  const decayed = Math.expm1(-h);
  const w0 = -to.alpha * decayed;
  const exact = to.alpha * (decayed / h + 1);
  const weights = [
    w0,
    isMidpoint ? w0 / 2 : exact,
    -to.alpha * ((decayed + h) / h ** 2 - 0.5),
  ] as const;
  return { sample: to.sigma / from.sigma, weights, noise: null };
}
