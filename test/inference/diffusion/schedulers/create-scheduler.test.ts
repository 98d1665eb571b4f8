import { describe, expect, it } from 'vitest';
import {
  createScheduler,
  SCHEDULER_CLASSES,
} from '../../../../src/inference/diffusion/schedulers/create-scheduler.ts';
import {
  empiricalMu,
  muOfTokens,
} from '../../../../src/inference/diffusion/schedulers/flow-shift.ts';

const NEEDED: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  DDPMScheduler: { clip_sample: false },
  HeunDiscreteScheduler: { timestep_spacing: 'leading', steps_offset: 1 },
  LMSDiscreteScheduler: { timestep_spacing: 'leading', steps_offset: 1 },
  PNDMScheduler: { skip_prk_steps: true, steps_offset: 1 },
};
const configOf = (name: string) => ({ _class_name: name, ...NEEDED[name] });

describe.each(SCHEDULER_CLASSES)('%s', (name) => {
  it.each([1, 2, 3, 7, 20, 50])('falls at every step of %i', (steps) => {
    const { timesteps, sigmas } = createScheduler(configOf(name), { steps });
    for (const values of sigmas === null ? [timesteps] : [timesteps, sigmas]) {
      const distinct = values.filter((value, i) => value !== values[i - 1]);
      expect(distinct).toEqual([...distinct].sort((a, b) => b - a));
      if (name !== 'HeunDiscreteScheduler' && name !== 'PNDMScheduler') {
        expect(distinct.length).toBe(values.length);
      }
    }
    if (sigmas !== null && name !== 'DEISMultistepScheduler') expect(sigmas.at(-1)).toBe(0);
  });

  it('serves two runs at once without mixing their histories', () => {
    const scheduler = createScheduler(configOf(name), { steps: 5 });
    const noise = Float32Array.of(0.3, -0.2, 0.9);
    const inTurn = [1, 1].map(() => ({
      run: scheduler.startRun(3),
      sample: Float32Array.of(1, -2, 0.5),
    }));
    const alone = { run: scheduler.startRun(3), sample: Float32Array.of(1, -2, 0.5) };
    for (let i = 0; i < scheduler.timesteps.length; i++) {
      for (const { run, sample } of inTurn) {
        run.step(Float32Array.of(0.1 * i, 0.2, -0.3), i, sample, noise);
      }
    }
    for (let i = 0; i < scheduler.timesteps.length; i++) {
      alone.run.step(Float32Array.of(0.1 * i, 0.2, -0.3), i, alone.sample, noise);
    }
    for (const { sample } of inTurn) expect(sample).toEqual(alone.sample);
    expect(alone.sample.every(Number.isFinite)).toBe(true);
  });

  it.each([0, -1, 1.5, 1001])('refuses %d steps by name', (steps) => {
    expect(() => createScheduler(configOf(name), { steps })).toThrow(/option steps/);
  });
});

it('a terminal shift leaves a single step at pure noise', () => {
  const config = { _class_name: 'FlowMatchEulerDiscreteScheduler', shift_terminal: 0.1 };
  expect(createScheduler(config, { steps: 1 }).sigmas).toEqual([1, 0]);
  expect(createScheduler(config, { steps: 2 }).sigmas?.at(-2)).toBeCloseTo(0.1);
});

it.each([
  ['EulerDiscreteScheduler', { interpolation_type: 'log_linear' }, /interpolation_type/],
  ['EulerDiscreteScheduler', { beta_schedule: 'sigmoid' }, /beta_schedule/],
  ['EulerAncestralDiscreteScheduler', { prediction_type: 'sample' }, /prediction_type/],
  ['HeunDiscreteScheduler', { timestep_spacing: 'trailing' }, /timestep_spacing/],
  ['DDIMScheduler', { thresholding: true }, /thresholding/],
  ['DDIMScheduler', { trained_betas: [0.1] }, /trained_betas/],
  ['DPMSolverMultistepScheduler', { use_beta_sigmas: true }, /use_beta_sigmas/],
  ['DPMSolverMultistepScheduler', { lambda_min_clipped: -5.1 }, /lambda_min_clipped/],
  ['DPMSolverMultistepScheduler', { algorithm_type: 'sde-dpmsolver' }, /algorithm_type/],
  ['UniPCMultistepScheduler', { disable_corrector: [0] }, /disable_corrector/],
  ['UniPCMultistepScheduler', { prediction_type: 'flow_prediction' }, /use_flow_sigmas/],
  ['FlowMatchEulerDiscreteScheduler', { use_dynamic_shifting: true }, /mu/],
  ['FlowMatchEulerDiscreteScheduler', { invert_sigmas: true }, /invert_sigmas/],
  ['PNDMScheduler', { skip_prk_steps: false }, /skip_prk_steps/],
  ['KDPM2DiscreteScheduler', {}, /_class_name/],
])('refuses by name what has no fixture: %s %j', (name, options, message) => {
  const config = { ...configOf(name), ...options };
  expect(() => createScheduler(config, { steps: 4 })).toThrow(message);
});

it('refuses to step without the noise that a step needs', () => {
  const scheduler = createScheduler(configOf('LCMScheduler'), { steps: 2 });
  const run = scheduler.startRun(1);
  expect(() => run.step(new Float32Array(1), 0, new Float32Array(1), null)).toThrow(/noise/);
});

it('computes the shifts of FLUX.1 and FLUX.2', () => {
  expect(muOfTokens({}, 256)).toBeCloseTo(0.5, 12);
  expect(muOfTokens({}, 4096)).toBeCloseTo(1.15, 12);
  expect(empiricalMu(4096, 10)).toBeCloseTo(8.73809524e-5 * 4096 + 1.89833333, 9);
  expect(empiricalMu(4096, 200)).toBeCloseTo(0.00016927 * 4096 + 0.45666666, 9);
  expect(empiricalMu(5000, 4)).toBeCloseTo(0.00016927 * 5000 + 0.45666666, 12);
});
