/** Samples whose variance stays one: sqrt(alpha) of the picture and sqrt(1 - alpha) of noise. */
import { at, combine } from './combination.ts';
import type { Scheduler } from './scheduler.ts';

/**
 * Input scaling (none) and noising.
 * @param alphas cumulative alpha at each call
 */
export function preservingScaling(
  alphas: readonly number[],
): Pick<Scheduler, 'scaleModelInput' | 'addNoise'> {
  return {
    scaleModelInput: (sample) => sample,
    addNoise: (clean, noise, i, out) =>
      combine(out, [Math.sqrt(at(alphas, i)), Math.sqrt(1 - at(alphas, i))], [clean, noise]),
  };
}

/** Factors (sample, output) of the denoised guess at cumulative `alpha`. */
export function preservingGuess(
  predictionType: 'epsilon' | 'v_prediction',
  alpha: number,
): readonly [number, number] {
  const signal = Math.sqrt(alpha);
  const noise = Math.sqrt(1 - alpha);
  return predictionType === 'epsilon' ? [1 / signal, -noise / signal] : [signal, -noise];
}
