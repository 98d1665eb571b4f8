/** The timesteps of models distilled to a short schedule (LCM, TCD): evenly chosen from those they were distilled on. */
import { finite, type SchedulerConfig, stepCount } from './config.ts';
import type { ScheduleOptions } from './scheduler.ts';

/**
 * Chooses them.
 * @returns falling whole numbers, `options.steps` of them
 * @throws UnsupportedSchedulerOption
 */
export function distilledTimesteps(config: SchedulerConfig, options: ScheduleOptions): number[] {
  const trainSteps = finite(config, 'num_train_timesteps', 1000);
  const original = stepCount(
    options.originalInferenceSteps ?? finite(config, 'original_inference_steps', 50),
    trainSteps,
  );
  const steps = stepCount(options.steps, original);
  const stride = Math.floor(trainSteps / original);
  return Array.from(
    { length: steps },
    (_, i) => (original - Math.floor(i * (original / steps))) * stride - 1,
  );
}
