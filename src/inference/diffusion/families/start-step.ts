/** Where image-to-image runs begin; the reference's pipelines round differently. */

/** Stable Diffusion and SDXL: the steps to do are rounded down. */
export const roundingStepsDown = (steps: number, strength: number): number =>
  steps - Math.min(Math.floor(steps * strength), steps);

/** Stable Diffusion 3 and FLUX.1: the steps to leave out are rounded down. */
export const roundingStartDown = (steps: number, strength: number): number =>
  Math.floor(Math.max(steps - Math.min(steps * strength, steps), 0));
