/** What a text-to-image pipeline is asked for and gives; `pipeline.ts` carries it out. */
import type { FloatTensor, HostTensor } from '../graph.ts';
import type { NoiseSource } from './noise.ts';

/**
 * Numbers of a run's draws of noise. The start noise of a seed is the same whatever the steps and the source;
 * call `i` of the network draws number `STEP_DRAW + i`.
 */
export const START_DRAW = 0;
export const SOURCE_DRAW = 1;
export const STEP_DRAW = 2;

/** A picture to start from or to edit. */
export interface GenerationSource {
  /** Float32 [1, 3, height, width], -1..1; of the size that is asked for where `strength` is given. */
  readonly picture: HostTensor;
  /**
   * Image-to-image: how much is made anew, above 0 and at most 1. Absent: the pipeline's own way of
   * editing by instruction, with the picture as a reference.
   */
  readonly strength?: number;
}

/** Choices that only some families have; a family that lacks one refuses it by name. */
export interface FamilyChoices {
  /** Text of the second (and third) encoder; absent: the prompt. SDXL, SD 3, FLUX.1. */
  readonly secondPrompt?: string;
  /** Hidden layers of CLIP left out at its end. SDXL. */
  readonly clipSkip?: number;
  /** Share of the contrast correction of guidance, 0..1. Stable Diffusion, SDXL. */
  readonly guidanceRescale?: number;
  /** Guidance by a negative prompt beside the embedded one. FLUX.1. */
  readonly trueGuidanceScale?: number;
  /** Tokens of the longest text; absent: the reference's default. T5 and Qwen encoders. */
  readonly maxTokens?: number;
  /** Which hidden states of the encoder stand side by side. FLUX.2. */
  readonly hiddenLayers?: readonly number[];
  /** Whether the guided prediction is kept as short as the prompt's. Z-Image. */
  readonly limitsGuidanceNorm?: boolean;
  /** Above this share of the way (0 at the start, 1 at the end) there is no guidance. Z-Image. */
  readonly guidanceEnd?: number;
  /** SDXL's size conditions, each [height, width] or [top, left] in pixels. */
  readonly sizes?: {
    readonly original?: readonly [number, number];
    readonly cropTopLeft?: readonly [number, number];
    readonly target?: readonly [number, number];
  };
}

/** One run of a pipeline. */
export interface GenerationRequest {
  readonly prompt: string;
  /** Absent: none; SDXL treats that and an empty one differently, as the reference does. */
  readonly negativePrompt?: string;
  /** Multiples of the pipeline's `sizeStep`. */
  readonly widthPx: number;
  readonly heightPx: number;
  /** How many pictures are made of the prompt, 1 or more. */
  readonly pictures: number;
  readonly steps: number;
  readonly guidanceScale: number;
  readonly source?: GenerationSource;
  readonly noise: NoiseSource;
  readonly choices?: FamilyChoices;
}

/** What a caller may watch and stop. */
export interface GenerationHooks {
  /** Asked before every call of the network and before every tile. */
  isCancelled?(): boolean;
  /** Share of the work done, 0..1, after every step and tile. */
  onProgress?(fraction: number): void;
  /** What is tried when memory ran out. */
  onShortage?(tried: string): void;
  /** Every intermediate value by its name, for parity runs; a tensor is only valid during the call. */
  trace?(stage: string, tensor: HostTensor): void;
}

/** What came out. */
export interface Generation {
  /** Float32 [pictures, 3, height, width], about -1..1, not clamped; every value is finite. */
  readonly decoded: FloatTensor;
  /** Tokens of the prompt that were kept and all it has, of the encoder that keeps most. */
  readonly promptTokens: { readonly kept: number; readonly total: number };
}

/** The run was stopped by `isCancelled`. */
export class GenerationCancelled extends Error {
  override readonly name = 'GenerationCancelled';
  constructor() {
    super('The generation was cancelled.');
  }
}

/** A request that this pipeline cannot carry out; the message names the option. */
export class UnsupportedRequest extends Error {
  override readonly name = 'UnsupportedRequest';
}
