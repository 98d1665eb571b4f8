/**
 * Text to pictures, and pictures to pictures: prompts to embeddings, noise to latents, latents to pixels. What the
 * families differ in is in families/; the arithmetic follows the pipelines of diffusers 0.38.0
 * (https://github.com/huggingface/diffusers/tree/v0.38.0/src/diffusers/pipelines).
 */
import type { FloatTensor, Graph, HostTensor } from '../graph.ts';
import type { ProviderChoice } from '../session.ts';
import { type ShortageHelp, withMemoryGivenBack } from '../smaller-parts.ts';
import { checkRequest, startCall } from './check-request.ts';
import { ComponentFolder } from './component-folder.ts';
import { Denoiser, type HalfFeeds } from './denoiser.ts';
import { denoise, stopIfCancelled, traceSchedule } from './denoising.ts';
import { EmbeddingCache } from './embedding-cache.ts';
import type {
  Embedding,
  Family,
  FixedInputs,
  Guidance,
  Half,
  LatentShape,
  RunShape,
} from './families/family.ts';
import { findFamily } from './families/find-family.ts';
import type { Generation, GenerationHooks, GenerationRequest } from './generation.ts';
import { hasSquaresInside } from './graph-conventions.ts';
import { fromLayout, type LatentLayout, tokenCount, toLayout } from './latent-layout.ts';
import { decoderInput, PictureDecoder } from './picture-decoder.ts';
import type { PipelineOptions } from './pipeline-options.ts';
import { createScheduler } from './schedulers/create-scheduler.ts';
import type { Scheduler } from './schedulers/scheduler.ts';
import { sizeStepOf } from './size-step.ts';
import { encodeSource } from './source-latents.ts';
import { startLatents } from './start-latents.ts';
import { promptTokens } from './text-embeddings.ts';
import { DEFAULT_TILING } from './tiled-decoder.ts';
import { pixelsPerLatent } from './vae.ts';

/** Share of the work that is denoising, for progress; the rest is decoding. */
const DENOISING_SHARE = 0.9;
const DEFAULT_ROWS = 8;
const DEFAULT_EMBEDDING_BYTES = 64 * 2 ** 20;

/** A run that has been checked, on its way through the steps. */
interface Run {
  readonly request: GenerationRequest;
  readonly hooks: GenerationHooks;
  readonly scheduler: Scheduler;
  readonly latents: LatentShape;
  readonly startCall: number;
  readonly guidance: Guidance | null;
  /** In the order of the batch. */
  readonly halves: readonly (HalfFeeds & Embedding)[];
}

/** A pipeline on a component folder. Graphs are loaded when first needed; runs must not overlap. */
export class DiffusionPipeline {
  readonly family: Family;
  /** Sides of pictures are multiples of this, in pixels. */
  readonly sizeStep: number;
  readonly #parts: ComponentFolder;
  readonly #options: PipelineOptions;
  readonly #embeddings: EmbeddingCache;
  /** Whether text encoders leave before denoising: asked for, or memory was short of them once. */
  #unloadsTextEncoders: boolean;
  /** What the network takes: the family's, or plain latents where it packs them itself. */
  readonly #layout: LatentLayout;

  /** @throws Error when the folder is malformed or its pipeline is of no known class. */
  constructor(folder: string, choice: ProviderChoice, options: PipelineOptions = {}) {
    this.#parts = new ComponentFolder(folder, choice, options.leftOut);
    this.#options = options;
    this.#unloadsTextEncoders = options.unloadsTextEncoders === true;
    this.family = findFamily(this.#parts.index);
    this.sizeStep = sizeStepOf(this.#parts, this.family);
    const { conventions } = this.#parts;
    if (hasSquaresInside(conventions) && this.family.patch !== 2)
      throw new Error(`${this.family.name} has no latents that are squares already.`);
    this.#layout = conventions.latents === 'squares' ? 'pixels' : this.family.layout;
    this.#embeddings = new EmbeddingCache(options.embeddingBytes ?? DEFAULT_EMBEDDING_BYTES);
  }

  /** Ways to take a source picture: what the family can, where the folder's graphs have room for it. */
  get edits(): Family['edits'] {
    const { conventions } = this.#parts;
    const { strength, reference } = this.family.edits;
    const hasEncoder = this.#parts.has('vae_encoder');
    const hasRoom = this.#layout === this.family.layout && conventions.positionIds === 'input';
    return { strength: strength && hasEncoder, reference: reference && hasEncoder && hasRoom };
  }

  /**
   * Make pictures.
   * @throws UnsupportedRequest when this pipeline cannot do what is asked for
   * @throws GenerationCancelled
   * @throws Error when the decoder gives NaN or infinity
   */
  async generate(request: GenerationRequest, hooks: GenerationHooks = {}): Promise<Generation> {
    checkRequest(request, { family: this.family, sizeStep: this.sizeStep, edits: this.edits });
    const run = await this.#prepare(request, hooks);
    const latents = await this.#denoise(run);
    const decoded = await this.#decode(run, latents);
    return { decoded, promptTokens: promptTokens(run.halves) };
  }

  /** Type of the network's latents. */
  async precision(): Promise<'float16' | 'float32'> {
    const { inputs } = await this.#parts.graph(this.#parts.network);
    const sample = inputs.get('sample') ?? inputs.get('hidden_states');
    return sample?.type === 'float16' ? 'float16' : 'float32';
  }

  /** @throws Error when the scheduler cannot take so many steps. */
  checkSteps(steps: number): void {
    this.#schedule(steps, 1);
  }

  /** What a request's guidance acts by: a half that leads away from the negative prompt, an input of the network. */
  async guidesBy(request: GenerationRequest): Promise<{ half: boolean; input: boolean }> {
    const { inputs } = await this.#parts.graph(this.#parts.network);
    const half = this.family.guidance(request, this.#parts) !== null;
    return { half, input: inputs.has('guidance') || inputs.has('timestep_cond') };
  }

  /** Names of the graphs that are in memory. */
  get loadedComponents(): readonly string[] {
    return this.#parts.loaded;
  }

  /** Give the text encoders' memory back until the next text. */
  async unloadTextEncoders(): Promise<void> {
    await this.#parts.unloadTextEncoders();
  }

  /** Give all memory back. */
  async release(): Promise<void> {
    await this.#parts.release();
  }

  #schedule(steps: number, tokens: number): Scheduler {
    const config = this.#options.scheduler ?? this.#parts.scheduler;
    return createScheduler(config, this.family.schedule(config, steps, tokens));
  }

  async #prepare(request: GenerationRequest, hooks: GenerationHooks): Promise<Run> {
    const { family } = this;
    const perLatent = pixelsPerLatent(this.#parts.vae) * family.patch;
    const latents = {
      channels: this.#parts.vae.latent_channels * family.patch ** 2,
      height: request.heightPx / perLatent,
      width: request.widthPx / perLatent,
    };
    const scheduler = this.#schedule(request.steps, tokenCount(family.layout, latents));
    traceSchedule(scheduler, hooks);
    const firstCall = startCall(request, this.family, scheduler);
    const guidance = family.guidance(request, this.#parts);
    const halves: Run['halves'][number][] = [];
    for (const half of guidance?.order ?? (['prompt'] as const)) {
      stopIfCancelled(hooks);
      halves.push({ half, ...(await this.#embed(request, half)) });
    }
    if (this.#unloadsTextEncoders) await this.unloadTextEncoders();
    for (const { half, feeds, texts } of halves) {
      for (const { encoder, tokens } of texts)
        hooks.trace?.(`${half}.ids.${encoder}`, { data: tokens.ids, dims: [1, tokens.ids.length] });
      for (const [name, tensor] of Object.entries(feeds)) hooks.trace?.(`${half}.${name}`, tensor);
    }
    return { request, hooks, scheduler, latents, startCall: firstCall, guidance, halves };
  }

  #embed({ prompt, negativePrompt, choices = {} }: GenerationRequest, half: Half) {
    const texts =
      half === 'prompt'
        ? { half, text: prompt, secondText: choices.secondPrompt, choices }
        : { half, text: negativePrompt, secondText: undefined, choices };
    return this.#embeddings.get(texts, () => this.family.embed(this.#parts, texts));
  }

  /** Latents of the picture that is edited, in the family's layout; undefined where there is none. */
  async #reference({ request, hooks }: Run) {
    const { source } = request;
    if (source === undefined || source.strength !== undefined) return undefined;
    const latents = await encodeSource(this.#parts, source.picture, null, hooks);
    const [, , height = 0, width = 0] = latents.dims;
    return { tokens: toLayout(latents, this.#layout), height, width };
  }

  async #denoise(run: Run): Promise<HostTensor> {
    const { request, hooks, halves } = run;
    const reference = await this.#reference(run);
    const start = toLayout(await startLatents(this.#parts, run), this.#layout);
    hooks.trace?.('start', start);
    const shortage = this.#shortageHelp(hooks);
    const network = await withMemoryGivenBack(
      () => this.#parts.graph(this.#parts.network),
      shortage,
    );
    const textTokens = halves[0]?.feeds['encoder_hidden_states']?.dims[1] ?? 0;
    const shape = { request, latents: run.latents, reference, textTokens };
    const fixed = this.#fixedInputs(shape, network);
    for (const [name, tensor] of Object.entries({ ...fixed.perRow, ...fixed.shared }))
      hooks.trace?.(`fixed.${name}`, tensor);
    const denoiser = new Denoiser(network, start.dims, {
      ...{ halves, pictures: request.pictures, fixed, reference: reference?.tokens },
      rowsPerCall: this.#options.rowsPerCall ?? DEFAULT_ROWS,
      shortage,
    });
    await denoise({ ...run, family: this.family, denoiser, start }, (done) =>
      hooks.onProgress?.(DENOISING_SHARE * done),
    );
    return start;
  }

  /** Behind the prompt, text encoders can make room; a pack that needed it once has them leave from then on. */
  #shortageHelp(hooks: GenerationHooks): ShortageHelp {
    const onShortage = (tried: string) => hooks.onShortage?.(tried);
    const giveBack = async () => {
      if (!(await this.#parts.unloadTextEncoders())) return false;
      this.#unloadsTextEncoders = true;
      onShortage('text encoders given back');
      return true;
    };
    return { onShortage, giveBack };
  }

  #fixedInputs(shape: RunShape, network: Graph): FixedInputs {
    const inputs = this.family.fixedInputs(shape, network);
    if (this.#parts.conventions.positionIds === 'input') return inputs;
    const without = ({ img_ids: _, txt_ids: __, ...others }: FixedInputs['shared']) => others;
    return { perRow: without(inputs.perRow), shared: without(inputs.shared) };
  }

  async #decode({ latents: shape, hooks }: Run, latents: HostTensor): Promise<FloatTensor> {
    const input = decoderInput(this.#parts, fromLayout(latents, this.#layout, shape));
    hooks.trace?.('decoder_input', input);
    const tiling = this.#options.tiling ?? DEFAULT_TILING;
    const decoder = new PictureDecoder(this.#parts, tiling, this.#shortageHelp(hooks));
    const decoded = await decoder.decode(input, (done) => {
      stopIfCancelled(hooks);
      hooks.onProgress?.(DENOISING_SHARE + (1 - DENOISING_SHARE) * done);
    });
    hooks.onProgress?.(1);
    hooks.trace?.('decoded', decoded);
    return decoded;
  }
}
