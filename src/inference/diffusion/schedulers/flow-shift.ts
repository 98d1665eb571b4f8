/**
 * Shifts of flow-matching schedules towards the noisy end: static (https://arxiv.org/abs/2403.03206, equation 23),
 * by the number of image tokens (FLUX.1), and by tokens and steps (FLUX.2, fitted numbers of its reference pipeline).
 */
import { finite, type SchedulerConfig } from './config.ts';

/** Shift by a fixed factor; 1 leaves `sigma` as it is. */
export function staticShift(sigma: number, shift: number): number {
  return (shift * sigma) / (1 + (shift - 1) * sigma);
}

/** Shift by `mu`, as an exponent or as it stands. */
export function dynamicShift(sigma: number, mu: number, type: 'exponential' | 'linear'): number {
  const factor = type === 'exponential' ? Math.exp(mu) : mu;
  return factor / (factor + (1 / sigma - 1));
}

/** Stretches a falling schedule so that it ends at `terminal`. */
export function stretchToTerminal(sigmas: readonly number[], terminal: number): number[] {
  const scale = (1 - (sigmas[sigmas.length - 1] ?? 0)) / (1 - terminal);
  if (scale === 0) return [...sigmas]; // one step from pure noise, of which the reference makes NaN
  return sigmas.map((sigma) => 1 - (1 - sigma) / scale);
}

/**
 * `mu` of FLUX.1: a straight line through (base_image_seq_len, base_shift) and (max_image_seq_len, max_shift).
 * @param tokens packed image tokens, height/16 * width/16 in pixels
 */
export function muOfTokens(config: SchedulerConfig, tokens: number): number {
  const baseTokens = finite(config, 'base_image_seq_len', 256);
  const maxTokens = finite(config, 'max_image_seq_len', 4096);
  const baseShift = finite(config, 'base_shift', 0.5);
  const slope = (finite(config, 'max_shift', 1.15) - baseShift) / (maxTokens - baseTokens);
  return tokens * slope + baseShift - slope * baseTokens;
}

/**
 * `mu` of FLUX.2: between two fitted lines, for 10 and for 200 steps.
 * @param tokens image tokens
 */
export function empiricalMu(tokens: number, steps: number): number {
  const at200 = 0.00016927 * tokens + 0.45666666;
  if (tokens > 4300) return at200;
  const at10 = 8.73809524e-5 * tokens + 1.89833333;
  const slope = (at200 - at10) / 190;
  return slope * steps + at200 - 200 * slope;
}
