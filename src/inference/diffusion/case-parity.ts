/**
 * Runs a recorded case of the reference through a pipeline, with its noise, and tells how far each stage lies from
 * it. For developers of new families, and for the tests.
 */
import { join } from 'node:path';
import { decodePicture } from '../../imaging/codec.ts';
import type { FloatTensor, HostTensor } from '../graph.ts';
import type { ProviderChoice } from '../session.ts';
import { CaseComparison, FULL, HALF, type Limits } from './case-comparison.ts';
import { ComponentFolder } from './component-folder.ts';
import { compare, type StageDifference } from './differences.ts';
import { DiffusionPipeline } from './pipeline.ts';
import type { PipelineOptions } from './pipeline-options.ts';
import { hiddenStages, plainStage } from './plain-stages.ts';
import { RecordedCase } from './recorded-case.ts';
import { RunTrace } from './run-trace.ts';
import { fromBytes, toBytes } from './vae.ts';

const LATENT_PARAMETERS = 'encoder_latent_parameters';

/** All stages of a case, in order. */
export interface CaseParity {
  readonly case: string;
  readonly family: string;
  readonly stages: readonly StageDifference[];
  /** Recorded stages that were not compared because they happen inside the graphs. */
  readonly hidden: readonly string[];
  readonly passed: boolean;
}

const FIXTURE_LIMITS = {
  maxPixels: 2 ** 24,
  minSidePx: 1,
  maxSidePx: 2 ** 14,
  maxAspectRatio: 2 ** 14,
} as const;

/** Every picture of the result, in levels, and how many of its values differ at all. */
async function comparePictures(
  recorded: RecordedCase,
  decoded: FloatTensor,
  limits: Limits,
): Promise<readonly StageDifference[]> {
  const stages: StageDifference[] = [];
  for (let index = 0; index < recorded.spec.images; index += 1) {
    const { data } = await decodePicture(recorded.picturePath(index), FIXTURE_LIMITS);
    const bytes = toBytes(decoded, index);
    stages.push(compare(`picture ${index} (levels)`, bytes, data, limits.levels));
    const others = bytes.filter((value, at) => value !== data[at]).length / data.length;
    stages.push({
      stage: `picture ${index} (share of values that differ)`,
      ...{ largestDifference: others, limit: limits.valuesThatDiffer },
    });
  }
  return stages;
}

/** The source of a case as the encoder takes it. */
async function sourceOf(recorded: RecordedCase): Promise<HostTensor | undefined> {
  if (!recorded.has('encoder_input')) return undefined;
  return fromBytes(await decodePicture(join(recorded.folder, 'init.png'), FIXTURE_LIMITS));
}

/**
 * Run a case.
 * @param pack folder of the pipeline
 * @param folder folder of the case
 * @throws Error when either cannot be read, or the pipeline cannot do what the case asks for
 */
export async function caseParity(
  pack: string,
  folder: string,
  choice: ProviderChoice,
  options: PipelineOptions = {},
): Promise<CaseParity> {
  const recorded = new RecordedCase(folder);
  const leftOut = recorded.spec.drop_text_encoder_3 === true ? ['text_encoder_3'] : [];
  const parts = new ComponentFolder(pack, choice);
  const hidden = hiddenStages(parts).filter((stage) => recorded.has(stage));
  const pipeline = new DiffusionPipeline(pack, choice, {
    ...{ ...options, leftOut, scheduler: recorded.scheduler },
  });
  try {
    const source = await sourceOf(recorded);
    const trace = new RunTrace();
    const { decoded } = await pipeline.generate(recorded.request(source), {
      trace: (stage, tensor) =>
        trace.note(stage, plainStage(parts, pipeline.family.layout, stage, tensor)),
    });
    const limits = (await pipeline.precision()) === 'float16' ? HALF : FULL;
    const comparison = new CaseComparison(recorded, trace, limits);
    comparison.tokenIds();
    comparison.inputs(hidden);
    comparison.schedule();
    if (source !== undefined) {
      comparison.tensor('encoder_input');
      if (!hidden.includes(LATENT_PARAMETERS)) comparison.tensor(LATENT_PARAMETERS);
    }
    const { denoiser_timesteps: times, denoiser_calls_per_step: calls } = recorded.spec;
    for (let step = 0; step < times.length / calls; step += 1) comparison.step(step);
    comparison.tensor('decoder_input');
    comparison.tensor('decoded');
    const pictures = await comparePictures(recorded, decoded, limits);
    const stages = [...comparison.stages, ...pictures];
    const passed = stages.every(({ largestDifference, limit }) => largestDifference <= limit);
    return {
      case: `${recorded.spec.model}/${recorded.spec.id}`,
      family: pipeline.family.name,
      ...{ stages, hidden, passed },
    };
  } finally {
    await pipeline.release();
  }
}
