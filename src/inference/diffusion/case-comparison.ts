/** What a run told of its stages, held against what was recorded of the reference's. */
import type { FloatTensor } from '../graph.ts';
import { compare, compareWithin, largestMagnitude, type StageDifference } from './differences.ts';
import type { RecordedCase, RecordedTensor } from './recorded-case.ts';
import type { RunTrace } from './run-trace.ts';

/** Limits of the fixtures' README; those of values that may be large are for each unit of the largest. */
export interface Limits {
  readonly embedding: number;
  readonly latents: number;
  readonly decoded: number;
  readonly levels: number;
  /** Share of a picture's values that may differ at all. */
  readonly valuesThatDiffer: number;
}

/** Of graphs in single precision. */
export const FULL: Limits = {
  embedding: 1e-4,
  latents: 2e-4,
  decoded: 1e-3,
  levels: 1,
  valuesThatDiffer: 0.01,
};
/** Of graphs in half precision. */
export const HALF: Limits = {
  embedding: 5e-2,
  latents: 5e-2,
  decoded: 5e-2,
  levels: 6,
  valuesThatDiffer: 1,
};
const TIMESTEP_LIMIT = 0.01;
const SIGMA_LIMIT = 1e-4;
/** Rows of axis 1 that are stored at each end of a shortened tensor. */
const STORED_ROWS = 6;

/** The stored rows of a whole tensor of the same leading rows. */
function storedRows(whole: Float32Array, { dims, wholeDims }: RecordedTensor): Float32Array {
  if (wholeDims === undefined) return whole;
  const [rows = 0, length = 0, width = 0] = wholeDims;
  const kept = Array.from({ length: rows }, (_, row) => {
    const at = (index: number) => (row * length + index) * width;
    const first = whole.subarray(at(0), at(STORED_ROWS));
    const last = whole.subarray(at(length - ((dims[1] ?? 0) - STORED_ROWS)), at(length));
    return [...first, ...last];
  });
  return Float32Array.from(kept.flat());
}

/** The same values once for each picture. */
const repeat = (values: Float32Array, pictures: number): Float32Array =>
  Float32Array.from(Array.from({ length: pictures }, () => [...values]).flat());

/** Compares what a run told with what was recorded. */
export class CaseComparison {
  readonly #recorded: RecordedCase;
  readonly #trace: RunTrace;
  readonly #limits: Limits;
  readonly stages: StageDifference[] = [];

  constructor(recorded: RecordedCase, trace: RunTrace, limits: Limits) {
    this.#recorded = recorded;
    this.#trace = trace;
    this.#limits = limits;
  }

  #add(
    stage: string,
    got: ArrayLike<number> | undefined,
    wanted: ArrayLike<number>,
    limit: number,
  ): void {
    this.stages.push(compare(stage, got ?? [], wanted, limit));
  }

  #addScaled(stage: string, got: ArrayLike<number> | undefined, wanted: ArrayLike<number>): void {
    const limit = this.#limits.latents * Math.max(1, largestMagnitude(wanted));
    this.#add(stage, got, wanted, limit);
  }

  /** Token ids of every call of an encoder; its calls come in the order prompt, negative. */
  tokenIds(): void {
    const seen = new Map<string, number>();
    for (const { encoder, input_ids: ids } of this.#recorded.spec.text_encoder_calls) {
      const number = seen.get(encoder) ?? 0;
      seen.set(encoder, number + 1);
      const half = number === 0 ? 'prompt' : 'negative';
      const got = this.#trace.get(`${half}.ids.${encoder}`)?.data;
      this.#add(`${half} ${encoder} token ids`, got, ids[0] ?? [], 0);
    }
  }

  /** Embeddings and the other inputs that do not change. @param hidden recorded ones that the graphs make themselves */
  inputs(hidden: readonly string[]): void {
    const tensorNames = this.#recorded.tensorNames.filter((name) => !hidden.includes(name));
    const isSplit = tensorNames.some((name) => name.includes('.second_call.'));
    for (const stored of tensorNames.filter((name) => name.startsWith('denoiser.'))) {
      const recorded = this.#recorded.tensor(stored);
      const [, name = '', second = ''] = stored.split('.');
      const isSecond = name === 'second_call' || second === '1';
      const input = name === 'second_call' ? second : name;
      const { halves } = this.#trace;
      const number = isSecond ? 1 : 0;
      const chosen = isSplit || second !== '' ? halves.slice(number, number + 1) : halves;
      const got = this.#inputOf(input, chosen);
      this.#add(stored, storedRows(got, recorded), recorded.data, this.#limits.embedding);
    }
  }

  #inputOf(input: string, halves: readonly string[]): Float32Array {
    const { images, tensors } = this.#recorded.spec;
    const fixed = this.#trace.get(`fixed.${input}`);
    if (fixed !== undefined) {
      const rows = (tensors[`denoiser.${input}`]?.shape[0] ?? 1) / (fixed.dims[0] ?? 1);
      return repeat(fixed.data, rows);
    }
    const each = halves.map(
      (half) => this.#trace.get(`${half}.${input}`)?.data ?? new Float32Array(0),
    );
    return Float32Array.from(each.flatMap((values) => [...repeat(values, images)]));
  }

  schedule(): void {
    const { timesteps, sigmas, init_noise_sigma: initial } = this.#recorded.spec;
    this.#add('timesteps', this.#trace.get('timesteps')?.data, timesteps, TIMESTEP_LIMIT);
    if (sigmas !== undefined)
      this.stages.push(
        compareWithin('sigmas', this.#trace.get('sigmas')?.data ?? [], sigmas, SIGMA_LIMIT),
      );
    if (initial !== undefined)
      this.#add(
        'init noise sigma',
        this.#trace.get('init noise sigma')?.data,
        [initial],
        SIGMA_LIMIT * initial,
      );
  }

  /** What went into the network at step `step`, what came out, and the latents after it. */
  step(step: number): void {
    const { denoiser_calls_per_step: calls, denoiser_timesteps: times } = this.#recorded.spec;
    const told = this.#trace.get(`step${step}.timestep`)?.data;
    const time = times[step * calls]?.[0] ?? Number.NaN;
    const limit = Math.min(TIMESTEP_LIMIT, SIGMA_LIMIT * Math.max(1, time));
    this.#add(`step${step} timestep`, told, [time], limit);
    const { halves } = this.#trace;
    for (let call = 0; call < calls; call += 1) {
      const own = calls === 1 ? halves : halves.slice(call, call + 1);
      const input = `step${step}.call${call}.model_input`;
      if (this.#recorded.has(input)) this.#modelInput(input, step);
      const output = `step${step}.call${call}.model_output`;
      if (!this.#recorded.has(output)) continue;
      const wanted = this.#recorded.tensor(output);
      const got = this.#trace.joined((half) => `step${step}.${half}.model_output`, own);
      const dims = this.#trace.get(`step${step}.latents`)?.dims ?? [];
      this.#addScaled(output, got, this.#withoutReference(wanted, dims));
    }
    const latents = `step${step}.latents`;
    if (this.#recorded.has(latents))
      this.#addScaled(latents, this.#trace.get(latents)?.data, this.#recorded.tensor(latents).data);
  }

  /** The rows of a recorded input or output that are not those of the picture that is edited. */
  #withoutReference({ data, dims }: FloatTensor, ownDims: readonly number[]): Float32Array {
    const [rows = 0, tokens = 0, width = 0] = dims;
    const own = ownDims[1] ?? 0;
    if (dims.length !== 3 || tokens === own) return data;
    const kept = Array.from({ length: rows }, (_, row) => [
      ...data.subarray(row * tokens * width, (row * tokens + own) * width),
    ]);
    return Float32Array.from(kept.flat());
  }

  #modelInput(stored: string, step: number): void {
    const told = this.#trace.get(`step${step}.model_input`);
    const recorded = this.#recorded.tensor(stored);
    const wanted = this.#withoutReference(recorded, told?.dims ?? []);
    const got = repeat(told?.data ?? new Float32Array(0), wanted.length / (told?.data.length ?? 1));
    this.#addScaled(stored, got, wanted);
  }

  /** A stage that has the name of its tensor. */
  tensor(stage: string): void {
    const wanted = this.#recorded.tensor(stage).data;
    if (stage === 'decoder_input') this.#addScaled(stage, this.#trace.get(stage)?.data, wanted);
    else this.#add(stage, this.#trace.get(stage)?.data, wanted, this.#limits.decoded);
  }
}
