/** Makes the scheduler that a scheduler_config.json names. */
import { type SchedulerConfig, UnsupportedSchedulerOption } from './config.ts';
import { ddimScheduler } from './ddim.ts';
import { ddpmScheduler } from './ddpm.ts';
import { deisScheduler } from './deis.ts';
import { dpmSolverMultistepScheduler } from './dpm-solver-multistep.ts';
import { dpmSolverSinglestepScheduler } from './dpm-solver-singlestep.ts';
import { eulerScheduler } from './euler.ts';
import { eulerAncestralScheduler } from './euler-ancestral.ts';
import { flowMatchEulerScheduler } from './flow-match-euler.ts';
import { heunScheduler } from './heun.ts';
import { lcmScheduler } from './lcm.ts';
import { lmsScheduler } from './lms.ts';
import { pndmScheduler } from './pndm.ts';
import type { ScheduleOptions, Scheduler } from './scheduler.ts';
import { tcdScheduler } from './tcd.ts';
import { unipcScheduler } from './unipc.ts';

/** Class names of diffusers to the schedulers that compute the same. */
const SCHEDULERS: Readonly<
  Record<string, (config: SchedulerConfig, options: ScheduleOptions) => Scheduler>
> = {
  DDIMScheduler: ddimScheduler,
  DDPMScheduler: ddpmScheduler,
  DEISMultistepScheduler: deisScheduler,
  DPMSolverMultistepScheduler: dpmSolverMultistepScheduler,
  DPMSolverSinglestepScheduler: dpmSolverSinglestepScheduler,
  EulerAncestralDiscreteScheduler: eulerAncestralScheduler,
  EulerDiscreteScheduler: eulerScheduler,
  FlowMatchEulerDiscreteScheduler: flowMatchEulerScheduler,
  HeunDiscreteScheduler: heunScheduler,
  LCMScheduler: lcmScheduler,
  LMSDiscreteScheduler: lmsScheduler,
  PNDMScheduler: pndmScheduler,
  TCDScheduler: tcdScheduler,
  UniPCMultistepScheduler: unipcScheduler,
};

/** The class names that can be made. */
export const SCHEDULER_CLASSES: readonly string[] = Object.keys(SCHEDULERS).sort();

/**
 * Makes the scheduler of a configuration.
 * @param config the parsed scheduler_config.json; `_class_name` chooses the scheduler
 * @throws UnsupportedSchedulerOption for a class or an option value that has no fixture
 */
export function createScheduler(config: SchedulerConfig, options: ScheduleOptions): Scheduler {
  const name = config['_class_name'];
  const make = typeof name === 'string' ? SCHEDULERS[name] : undefined;
  if (make === undefined) {
    throw new UnsupportedSchedulerOption('_class_name', SCHEDULER_CLASSES.join(' or '), name);
  }
  return make(config, options);
}
