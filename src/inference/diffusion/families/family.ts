/** What sets a family of pipelines apart from the others; `pipeline.ts` does what they have in common. */
import type { FloatTensor, Graph } from '../../graph.ts';
import type { ComponentFolder } from '../component-folder.ts';
import type { FamilyChoices, GenerationRequest } from '../generation.ts';
import type { GuidanceOrigin } from '../guidance.ts';
import type { LatentLayout } from '../latent-layout.ts';
import type { TokenizedText } from '../prompt-tokenizer.ts';
import type { SchedulerConfig } from '../schedulers/config.ts';
import type { ScheduleOptions } from '../schedulers/scheduler.ts';

/** Whose prediction: that of the prompt, or of the negative prompt that guidance leads away from. */
export type Half = 'prompt' | 'negative';

/** The texts of one half. */
export interface Texts {
  readonly half: Half;
  /** Undefined where the request has no negative prompt. */
  readonly text: string | undefined;
  /** Text of further encoders; undefined: `text`. */
  readonly secondText: string | undefined;
  readonly choices: FamilyChoices;
}

/** Texts as the network takes them. */
export interface Embedding {
  /** Inputs of the network by name, each [1, …]. */
  readonly feeds: Readonly<Record<string, FloatTensor>>;
  /** The texts as the encoders saw them, in the order of their runs. */
  readonly texts: readonly EncodedText[];
}

/** A text as one encoder saw it. */
export interface EncodedText {
  /** Folder of the encoder. */
  readonly encoder: string;
  readonly tokens: TokenizedText;
}

/** How the two halves become one prediction. */
export interface Guidance {
  /** Order of the halves in a batch. */
  readonly order: readonly [Half, Half];
  readonly origin: GuidanceOrigin;
  readonly scale: number;
  /** Whether a call is guided, by the number that the network is told; absent: every call. */
  isActive?(timestepInput: number): boolean;
  /** A correction of the guided prediction, in place. */
  correct?(guided: Float32Array, prompt: Float32Array, pictures: number): void;
}

/** Sizes of a run's latents. */
export interface LatentShape {
  /** Of one picture, as the start noise is drawn. */
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** Inputs that stay the same through a run. */
export interface FixedInputs {
  /** Each [1, …], repeated for every row of a batch. */
  readonly perRow: Readonly<Record<string, FloatTensor>>;
  /** As the graph takes them, without a batch axis. */
  readonly shared: Readonly<Record<string, FloatTensor>>;
}

/** What `Family.fixedInputs` goes by. */
export interface RunShape {
  readonly request: GenerationRequest;
  readonly latents: LatentShape;
  /** Sides of the reference picture's latents, where there is one. */
  readonly reference: { readonly height: number; readonly width: number } | undefined;
  /** Rows of the prompt's `encoder_hidden_states`. */
  readonly textTokens: number;
}

/** A family. */
export interface Family {
  readonly name: string;
  /** The choices that it knows; a request with another is refused. */
  readonly choices: readonly (keyof FamilyChoices)[];
  /** Ways to take a source picture. */
  readonly edits: { readonly strength: boolean; readonly reference: boolean };
  readonly layout: LatentLayout;
  /** Pixels of a side that one latent of the start noise stands for, as a multiple of the autoencoder's. */
  readonly patch: 1 | 2;
  /** Latents that a side must be a multiple of. */
  readonly sideMultiple: 1 | 2;
  /** 1, or -1 where the network predicts the opposite of what the scheduler takes. */
  readonly sign: 1 | -1;
  /** What the network is told of a scheduler's timestep. */
  timestepInput(timestep: number): number;
  schedule(config: SchedulerConfig, steps: number, tokens: number): ScheduleOptions;
  /** First step of an image-to-image run. */
  startStep(steps: number, strength: number): number;
  embed(parts: ComponentFolder, texts: Texts): Promise<Embedding>;
  /** Null where the request asks for none. */
  guidance(request: GenerationRequest, parts: ComponentFolder): Guidance | null;
  fixedInputs(shape: RunShape, network: Graph): FixedInputs;
}
