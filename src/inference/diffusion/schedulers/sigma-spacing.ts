/**
 * Spreads noise levels between the highest and the lowest of a schedule: Karras (https://arxiv.org/abs/2206.00364,
 * equation 5, rho 7), exponential, and quantiles of Beta(0.6, 0.6) (https://arxiv.org/abs/2407.12173).
 */

import { betaQuantile } from './beta-quantile.ts';
import { choice, type SchedulerConfig } from './config.ts';
import { linspace } from './timestep-spacing.ts';

/** The spacings of sigmas; `schedule` keeps those that belong to the timesteps. */
export type SigmaSpacing = 'schedule' | 'karras' | 'exponential' | 'beta' | 'lu' | 'flow';

const OPTIONS: Readonly<Record<Exclude<SigmaSpacing, 'schedule'>, string>> = {
  karras: 'use_karras_sigmas',
  exponential: 'use_exponential_sigmas',
  beta: 'use_beta_sigmas',
  lu: 'use_lu_lambdas',
  flow: 'use_flow_sigmas',
};

/**
 * Reads which spacing a configuration asks for.
 * @param allowed those that the scheduler has fixtures for
 * @throws UnsupportedSchedulerOption
 */
export function sigmaSpacing(
  config: SchedulerConfig,
  allowed: readonly Exclude<SigmaSpacing, 'schedule'>[],
): SigmaSpacing {
  let asked: SigmaSpacing = 'schedule';
  for (const name of ['karras', 'lu', 'exponential', 'beta', 'flow'] as const) {
    const isAllowed = allowed.includes(name) && asked === 'schedule';
    if (choice(config, OPTIONS[name], isAllowed ? [false, true] : [false], false)) asked = name;
  }
  return asked;
}

/**
 * Sigmas between two ends, falling.
 * @param max first of them
 * @param min last of them, above 0
 */
export function spacedSigmas(
  spacing: 'karras' | 'exponential' | 'beta',
  ends: { readonly max: number; readonly min: number },
  steps: number,
): number[] {
  const { max, min } = ends;
  if (spacing === 'karras') {
    return linspace(max ** (1 / 7), min ** (1 / 7), steps).map((root) => root ** 7);
  }
  if (spacing === 'exponential') {
    return linspace(Math.log(max), Math.log(min), steps).map(Math.exp);
  }
  return linspace(1, 0, steps).map((p) => min + betaQuantile(p, 0.6, 0.6) * (max - min));
}

/**
 * Value of a table at a fractional index, ends held.
 * @param table at least one value
 */
export function interpolate(table: readonly number[], index: number): number {
  const low = Math.min(Math.max(Math.floor(index), 0), table.length - 1);
  const high = Math.min(low + 1, table.length - 1);
  const weight = Math.min(Math.max(index - low, 0), 1);
  const from = table[low] ?? 0;
  return from + weight * ((table[high] ?? 0) - from);
}

/**
 * The fractional training step that has a noise level, interpolated in the logarithm.
 * @param table noise level of every training step, rising
 */
export function timestepOfSigma(sigma: number, table: readonly number[]): number {
  const log = Math.log(Math.max(sigma, 1e-10));
  const above = table.findIndex((level) => Math.log(level) > log);
  const low = Math.min(Math.max(above === -1 ? table.length : above, 1) - 1, table.length - 2);
  const from = Math.log(table[low] ?? 1);
  const to = Math.log(table[low + 1] ?? 1);
  return low + Math.min(Math.max((from - log) / (from - to), 0), 1);
}
