/**
 * The training noise table: cumulative products of 1 - beta, rounded to float32 where torch rounds.
 * "Zero terminal SNR" is algorithm 1 of https://arxiv.org/abs/2305.08891.
 */
import { acceptOnly, choice, finite, type SchedulerConfig } from './config.ts';

const { fround, sqrt } = Math;

function float32Linspace(start: number, end: number, count: number): number[] {
  const step = fround(fround(fround(end) - fround(start)) / (count - 1));
  return Array.from({ length: count }, (_, i) =>
    i < count / 2 ? fround(fround(start) + step * i) : fround(fround(end) - step * (count - 1 - i)),
  );
}

function cosineBetas(count: number): number[] {
  const alphaBar = (t: number) => Math.cos(((t + 0.008) / 1.008) * (Math.PI / 2)) ** 2;
  return Array.from({ length: count }, (_, i) =>
    fround(Math.min(1 - alphaBar((i + 1) / count) / alphaBar(i / count), 0.999)),
  );
}

function trainingBetas(config: SchedulerConfig, count: number): number[] {
  const schedules = ['linear', 'scaled_linear', 'squaredcos_cap_v2'] as const;
  const schedule = choice(config, 'beta_schedule', schedules, 'linear');
  if (schedule === 'squaredcos_cap_v2') return cosineBetas(count);
  const start = finite(config, 'beta_start', 0.0001);
  const end = finite(config, 'beta_end', 0.02);
  if (schedule === 'linear') return float32Linspace(start, end, count);
  return float32Linspace(sqrt(start), sqrt(end), count).map((root) => fround(root * root));
}

function cumulativeProducts(betas: readonly number[]): number[] {
  let product = 1;
  return betas.map((beta) => {
    product *= fround(1 - beta);
    return fround(product);
  });
}

function withZeroTerminalSnr(betas: readonly number[]): number[] {
  const roots = cumulativeProducts(betas).map((alpha) => fround(sqrt(alpha)));
  const first = roots[0] ?? 1;
  const last = roots[roots.length - 1] ?? 0;
  const stretch = fround(first / fround(first - last));
  const bars = roots.map((root) => fround(fround(fround(root - last) * stretch) ** 2));
  return bars.map((bar, t) => fround(1 - (t === 0 ? bar : fround(bar / (bars[t - 1] ?? 1)))));
}

/**
 * The table of a configuration.
 * @returns num_train_timesteps values, falling, in 0..1
 * @throws UnsupportedSchedulerOption
 */
export function alphasCumprod(config: SchedulerConfig): readonly number[] {
  acceptOnly(config, { trained_betas: null });
  const betas = trainingBetas(config, finite(config, 'num_train_timesteps', 1000));
  const rescaled = choice(config, 'rescale_betas_zero_snr', [false, true], false);
  return cumulativeProducts(rescaled ? withZeroTerminalSnr(betas) : betas);
}

/**
 * Noise level relative to the signal at every training step, rising. Where the last step has no signal left,
 * 2^-24 of it is kept so that the level stays finite, as diffusers does.
 */
export function trainingSigmas(config: SchedulerConfig): readonly number[] {
  return alphasCumprod(config).map((alpha) => {
    const kept = alpha === 0 ? 2 ** -24 : alpha;
    return fround(sqrt(fround(fround(1 - kept) / kept)));
  });
}
