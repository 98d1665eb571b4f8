/** What a run starts from: noise, or a source picture with noise of the level of the first step. */
import type { FloatTensor } from '../graph.ts';
import type { ComponentFolder } from './component-folder.ts';
import type { LatentShape } from './families/family.ts';
import { type GenerationHooks, type GenerationRequest, START_DRAW } from './generation.ts';
import type { Scheduler } from './schedulers/scheduler.ts';
import { encodeSource } from './source-latents.ts';

/** What the start depends on. */
export interface StartOfRun {
  readonly request: GenerationRequest;
  readonly hooks: GenerationHooks;
  readonly scheduler: Scheduler;
  readonly latents: LatentShape;
  /** Call of the network that comes first. */
  readonly startCall: number;
}

/** @returns NCHW latents of all pictures */
export async function startLatents(parts: ComponentFolder, run: StartOfRun): Promise<FloatTensor> {
  const { request, scheduler, latents } = run;
  const { source, pictures, noise } = request;
  const dims = [pictures, latents.channels, latents.height, latents.width];
  const data = new Float32Array(dims.reduce((product, size) => product * size, 1));
  noise.fill(data, START_DRAW, pictures);
  if (source?.strength === undefined) {
    const factor = scheduler.initNoiseSigma;
    if (factor !== 1)
      for (let i = 0; i < data.length; i += 1) data[i] = (data[i] as number) * factor;
    return { data, dims };
  }
  const clean = await encodeSource(parts, source.picture, noise, run.hooks);
  const repeated = new Float32Array(data.length);
  for (let at = 0; at < data.length; at += clean.data.length) repeated.set(clean.data, at);
  scheduler.addNoise(repeated, data, run.startCall, data);
  return { data, dims };
}
