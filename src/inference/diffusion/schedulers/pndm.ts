/** Pseudo linear multistep (https://arxiv.org/abs/2202.09778) without the Runge-Kutta start: the second timestep is called twice. */
import { alphasCumprod } from './alphas-cumprod.ts';
import { at, combine } from './combination.ts';
import {
  choice,
  finite,
  type SchedulerConfig,
  stepCount,
  UnsupportedSchedulerOption,
} from './config.ts';
import { OutputHistory } from './output-history.ts';
import { preservingScaling } from './preserving-scaling.ts';
import type { ScheduleOptions, Scheduler, SchedulerRun } from './scheduler.ts';
import { spacedTimesteps } from './timestep-spacing.ts';

/** Adams-Bashforth factors by the number of outputs held, newest first. */
const FACTORS: readonly (readonly number[])[] = [
  [],
  [1],
  [3 / 2, -1 / 2],
  [23 / 12, -16 / 12, 5 / 12],
  [55 / 24, -59 / 24, 37 / 24, -9 / 24],
];

interface Tables {
  readonly timesteps: readonly number[];
  readonly alphas: readonly number[];
  readonly finalAlpha: number;
  readonly stride: number;
  readonly predictionType: 'epsilon' | 'v_prediction';
}

/**
 * PNDMScheduler with `skip_prk_steps`.
 * @throws UnsupportedSchedulerOption
 */
export function pndmScheduler(config: SchedulerConfig, options: ScheduleOptions): Scheduler {
  if (config['skip_prk_steps'] !== true) {
    throw new UnsupportedSchedulerOption('skip_prk_steps', 'true', config['skip_prk_steps']);
  }
  const trainSteps = finite(config, 'num_train_timesteps', 1000);
  const steps = stepCount(options.steps, trainSteps);
  const falling = spacedTimesteps({
    spacing: choice(config, 'timestep_spacing', ['leading', 'trailing'], 'leading'),
    trainSteps,
    steps,
    offset: finite(config, 'steps_offset', 0),
    leavesOutLast: false,
  });
  const timesteps = [...falling.slice(0, 2), ...falling.slice(1)];
  const alphas = alphasCumprod(config);
  const tables: Tables = {
    timesteps,
    alphas,
    finalAlpha: choice(config, 'set_alpha_to_one', [false, true], false) ? 1 : at(alphas, 0),
    stride: Math.floor(trainSteps / steps),
    predictionType: choice(config, 'prediction_type', ['epsilon', 'v_prediction'], 'epsilon'),
  };
  return {
    timesteps,
    sigmas: null,
    initNoiseSigma: 1,
    order: 1,
    needsNoise: () => false,
    ...preservingScaling(timesteps.map((t) => at(alphas, t))),
    startRun: (length) => pndmRun(tables, length),
  };
}

function move(tables: Tables, from: number, to: number): readonly [number, number] {
  const { alphas, finalAlpha, predictionType } = tables;
  const alpha = at(alphas, from);
  const next = to >= 0 ? at(alphas, to) : finalAlpha;
  const denominator = alpha * Math.sqrt(1 - next) + Math.sqrt(alpha * (1 - alpha) * next);
  const ofNoise = -(next - alpha) / denominator;
  const ofSample = Math.sqrt(next / alpha);
  if (predictionType === 'epsilon') return [ofSample, ofNoise];
  return [ofSample + ofNoise * Math.sqrt(1 - alpha), ofNoise * Math.sqrt(alpha)];
}

function pndmRun(tables: Tables, length: number): SchedulerRun {
  const { timesteps, stride } = tables;
  const outputs = new OutputHistory(length, 4);
  const start = new Float32Array(length);
  let calls = 0;
  return {
    step(modelOutput, i, sample) {
      const t = at(timesteps, i);
      if (calls === 1) {
        const [ofSample, ofOutput] = move(tables, t + stride, t);
        const half = ofOutput / 2;
        combine(sample, [ofSample, half, half], [start, modelOutput, outputs.at(0)]);
      } else {
        if (calls === 0) start.set(sample);
        outputs.next().set(modelOutput);
        const [ofSample, ofOutput] = move(tables, t, t - stride);
        const factors = FACTORS[outputs.count] ?? [];
        combine(
          sample,
          [ofSample, ...factors.map((factor) => factor * ofOutput)],
          [sample, ...factors.map((_, age) => outputs.at(age))],
        );
      }
      calls += 1;
    },
  };
}
