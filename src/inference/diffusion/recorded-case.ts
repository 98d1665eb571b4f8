/**
 * One recorded run of the reference, as the diffusion fixtures and test/golden lay it out: `case.json`, the
 * tensors in `tensors.bin`, and the pictures.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { FloatTensor, HostTensor } from '../graph.ts';
import { type FamilyChoices, type GenerationRequest, START_DRAW, STEP_DRAW } from './generation.ts';
import type { NoiseSource } from './noise.ts';

const pair = z.tuple([z.number(), z.number()]);

/** Arguments of the reference's call; absent ones have its default. */
const paramsSchema = z.strictObject({
  prompt: z.string(),
  prompt_2: z.string().optional(),
  negative_prompt: z.string().optional(),
  num_inference_steps: z.int(),
  num_images_per_prompt: z.int().default(1),
  guidance_scale: z.number(),
  guidance_rescale: z.number().optional(),
  true_cfg_scale: z.number().optional(),
  height: z.int(),
  width: z.int(),
  strength: z.number().optional(),
  clip_skip: z.int().optional(),
  max_sequence_length: z.int().optional(),
  text_encoder_out_layers: z.array(z.int()).optional(),
  cfg_normalization: z.boolean().optional(),
  cfg_truncation: z.number().optional(),
  original_size: pair.optional(),
  crops_coords_top_left: pair.optional(),
  target_size: pair.optional(),
  // Only how the reference resizes a source, which is recorded in the size that it took.
  max_area: z.int().optional(),
  _auto_resize: z.boolean().optional(),
});

const caseSchema = z.looseObject({
  id: z.string(),
  model: z.string(),
  params: paramsSchema,
  scheduler: z.looseObject({
    class_name: z.string(),
    config: z.record(z.string(), z.unknown()),
  }),
  timesteps: z.array(z.number()),
  sigmas: z.array(z.number()).optional(),
  init_noise_sigma: z.number().optional(),
  denoiser_calls_per_step: z.int(),
  denoiser_timesteps: z.array(z.array(z.number())),
  text_encoder_calls: z.array(
    z.looseObject({ encoder: z.string(), input_ids: z.array(z.array(z.int())) }),
  ),
  noise: z.array(z.string()),
  images: z.int(),
  drop_text_encoder_3: z.boolean().optional(),
  tensors: z.record(
    z.string(),
    z.looseObject({
      dtype: z.enum(['float32', 'int64']),
      shape: z.array(z.int()),
      full_shape: z.array(z.int()).optional(),
      offset: z.int(),
      bytes: z.int(),
    }),
  ),
});

type CaseSpec = Readonly<z.infer<typeof caseSchema>>;

/** A stored tensor; with `wholeDims` it has only the first and last six rows of axis 1. */
export interface RecordedTensor extends FloatTensor {
  readonly wholeDims: readonly number[] | undefined;
}

/** A recorded run. */
export class RecordedCase {
  readonly folder: string;
  readonly spec: CaseSpec;
  readonly #bytes: Uint8Array;

  /** @throws Error when the folder has no well-formed case. */
  constructor(folder: string) {
    this.folder = folder;
    this.spec = caseSchema.parse(JSON.parse(readFileSync(join(folder, 'case.json'), 'utf8')));
    this.#bytes = readFileSync(join(folder, 'tensors.bin'));
  }

  get tensorNames(): readonly string[] {
    return Object.keys(this.spec.tensors);
  }

  has(name: string): boolean {
    return Object.hasOwn(this.spec.tensors, name);
  }

  /** @throws Error when there is no such tensor. */
  tensor(name: string): RecordedTensor {
    const entry = this.spec.tensors[name];
    if (entry === undefined) throw new Error(`The case ${this.spec.id} has no tensor ${name}.`);
    const { buffer } = Uint8Array.from(
      this.#bytes.subarray(entry.offset, entry.offset + entry.bytes),
    );
    const data =
      entry.dtype === 'float32'
        ? new Float32Array(buffer)
        : Float32Array.from(new BigInt64Array(buffer), Number);
    return { data, dims: entry.shape, wholeDims: entry.full_shape };
  }

  /** Path of picture `index` of the result. */
  picturePath(index: number): string {
    return join(this.folder, index === 0 ? 'image.png' : `image${index}.png`);
  }

  /** The scheduler's configuration as `createScheduler` takes it. */
  get scheduler(): Readonly<Record<string, unknown>> {
    const { class_name: className, config } = this.spec.scheduler;
    const numbers = Object.entries(config).map(([name, value]) => [name, withoutWords(value)]);
    return { ...Object.fromEntries(numbers), _class_name: className };
  }

  /** The call as a pipeline takes it, with the recorded noise. @param source the picture that went in */
  request(source: HostTensor | undefined): GenerationRequest {
    const { params, images } = this.spec;
    const { strength, negative_prompt: negativePrompt } = params;
    return {
      prompt: params.prompt,
      ...(negativePrompt !== undefined && { negativePrompt }),
      ...{ widthPx: params.width, heightPx: params.height, pictures: images },
      ...{ steps: params.num_inference_steps, guidanceScale: params.guidance_scale },
      ...(source !== undefined && {
        source: { picture: source, ...(strength !== undefined && { strength }) },
      }),
      noise: new RecordedNoise(this),
      choices: choicesOf(params),
    };
  }
}

const INFINITE: Readonly<Record<string, number>> = {
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
};
const withoutWords = (value: unknown): unknown =>
  typeof value === 'string' ? (INFINITE[value] ?? value) : value;

/** Leaves out what is undefined. */
const given = (choices: Readonly<Record<string, unknown>>): FamilyChoices =>
  Object.fromEntries(Object.entries(choices).filter(([, value]) => value !== undefined));

function choicesOf(params: CaseSpec['params']): FamilyChoices {
  const sizes = given({
    original: params.original_size,
    cropTopLeft: params.crops_coords_top_left,
    target: params.target_size,
  });
  return given({
    secondPrompt: params.prompt_2,
    clipSkip: params.clip_skip,
    guidanceRescale: params.guidance_rescale,
    trueGuidanceScale: params.true_cfg_scale,
    maxTokens: params.max_sequence_length,
    hiddenLayers: params.text_encoder_out_layers,
    limitsGuidanceNorm: params.cfg_normalization,
    guidanceEnd: params.cfg_truncation,
    sizes: Object.keys(sizes).length > 0 ? sizes : undefined,
  });
}

/** The draws of a recorded run, in the order of their use. */
class RecordedNoise implements NoiseSource {
  readonly #run: RecordedCase;
  /** Which of the stored draws the steps have come to. */
  #next: number;

  constructor(run: RecordedCase) {
    this.#run = run;
    this.#next = run.spec.noise.filter((use) => use !== 'scheduler step').length;
  }

  fill(into: Float32Array, draw: number): void {
    const { data } = this.#run.tensor(this.#nameOf(draw));
    if (data.length !== into.length)
      throw new Error(
        `The recorded noise of draw ${draw} has ${data.length} values, not ${into.length}.`,
      );
    into.set(data);
  }

  #nameOf(draw: number): string {
    if (draw >= STEP_DRAW) {
      this.#next += 1;
      return `noise${this.#next - 1}`;
    }
    const uses = this.#run.spec.noise;
    const use = draw === START_DRAW ? 'pipeline noise' : 'vae posterior sample';
    return uses.includes(use) ? `noise${uses.indexOf(use)}` : 'initial_noise';
  }
}
