/**
 * The network of a pipeline over a run: its constant inputs are converted once, and the rows of a batch (halves of
 * guidance times pictures) go in as few calls as the graph and the memory allow. Buffers are made once and reused.
 */
import type { BoundInput, FloatTensor, Graph, HostTensor } from '../graph.ts';
import { inSmallerParts, type ShortageHelp } from '../smaller-parts.ts';
import type { FixedInputs, Half } from './families/family.ts';

/** One half's inputs, each [1, …]. */
export interface HalfFeeds {
  readonly half: Half;
  readonly feeds: Readonly<Record<string, FloatTensor>>;
}

/** Everything but the latents and the timestep. */
export interface DenoiserInputs {
  readonly halves: readonly HalfFeeds[];
  readonly pictures: number;
  readonly fixed: FixedInputs;
  /** Tokens put behind those of each row, [1, m, c]: the picture that is edited. */
  readonly reference: HostTensor | undefined;
  /** Most rows of one call; halved when memory runs out. */
  readonly rowsPerCall: number;
  readonly shortage?: ShortageHelp | undefined;
}

/** One call: the same pictures for one half, or all pictures for all halves. */
interface Call {
  readonly halves: readonly number[];
  readonly firstPicture: number;
  readonly pictures: number;
  /** Everything that goes in; the sample and the timestep among it. */
  readonly feeds: Readonly<Record<string, BoundInput | HostTensor>>;
  readonly sample: HostTensor & { readonly data: Float32Array };
  readonly timestep: HostTensor & { readonly data: Float32Array };
}

/** A tensor [1, …] as often as there are rows. */
function repeatRows({ data, dims }: FloatTensor, rows: number): FloatTensor {
  if (rows === 1) return { data, dims };
  const repeated = new Float32Array(data.length * rows);
  for (let row = 0; row < rows; row += 1) repeated.set(data, row * data.length);
  return { data: repeated, dims: [rows, ...dims.slice(1)] };
}

/** Tensors [a, …], [b, …] as [a + b, …]. */
function joinRows(tensors: readonly FloatTensor[]): FloatTensor {
  const [first] = tensors;
  if (first === undefined || tensors.length === 1)
    return first ?? { data: new Float32Array(0), dims: [0] };
  const rows = tensors.reduce((sum, { dims }) => sum + (dims[0] ?? 0), 0);
  const data = new Float32Array((first.data.length / (first.dims[0] ?? 1)) * rows);
  let at = 0;
  for (const tensor of tensors) {
    data.set(tensor.data, at);
    at += tensor.data.length;
  }
  return { data, dims: [rows, ...first.dims.slice(1)] };
}

const sameShapes = (a: HalfFeeds['feeds'], b: HalfFeeds['feeds']): boolean =>
  Object.entries(a).every(([name, { dims }]) => String(dims) === String(b[name]?.dims));

/** Part `at` of `parts` equal ones. */
function partOf(values: Float32Array, at: number, parts: number): Float32Array {
  const length = values.length / parts;
  return values.subarray(at * length, (at + 1) * length);
}

/** A network ready for a run. */
export class Denoiser {
  readonly #graph: Graph;
  readonly #inputs: DenoiserInputs;
  readonly #sampleDims: readonly number[];
  readonly #names: { readonly sample: string; readonly answer: string };
  readonly #fetches: readonly string[];
  readonly #plans = new Map<number, readonly Call[]>();
  #rowsPerCall: number;
  /** Predictions by half, of the sample's length. */
  readonly #predictions: readonly Float32Array[];

  /** @param sampleDims of all pictures in the family's layout, the reference not counted. */
  constructor(graph: Graph, sampleDims: readonly number[], inputs: DenoiserInputs) {
    this.#graph = graph;
    this.#rowsPerCall = Math.max(1, inputs.rowsPerCall);
    this.#inputs = inputs;
    this.#sampleDims = sampleDims;
    this.#names = graph.inputs.has('sample')
      ? { sample: 'sample', answer: 'out_sample' }
      : { sample: 'hidden_states', answer: 'out_hidden_states' };
    this.#fetches = [this.#names.answer];
    const length = sampleDims.reduce((product, size) => product * size, 1);
    this.#predictions = inputs.halves.map(() => new Float32Array(length));
  }

  /**
   * What the network predicts of each half, in their order; overwritten by the next call.
   * @param sample scaled latents of all pictures, in the family's layout
   * @param halves how many halves are wanted: the first so many
   */
  async predict(
    sample: Float32Array,
    timestep: number,
    halves = this.#inputs.halves.length,
  ): Promise<readonly Float32Array[]> {
    const rows = Math.min(this.#rowsPerCall, halves * this.#inputs.pictures);
    const sides = {
      name: 'a call of rows',
      first: rows,
      least: this.#fixedRows === undefined ? 1 : rows,
    };
    return inSmallerParts(
      sides,
      (most) => {
        if (most < rows) this.#shrinkTo(most);
        return this.#predictAll(sample, timestep, halves);
      },
      this.#inputs.shortage,
    );
  }

  async #predictAll(
    sample: Float32Array,
    timestep: number,
    halves: number,
  ): Promise<readonly Float32Array[]> {
    const calls = this.#planFor(halves);
    for (const call of calls) {
      this.#fill(call, sample, timestep);
      const answers = await this.#graph.run(call.feeds, this.#fetches);
      const answer = answers[this.#names.answer] as FloatTensor;
      // The usual case, one call for everything: the answer's own memory, which nobody else writes to.
      if (calls.length === 1 && this.#inputs.reference === undefined)
        return call.halves.map((_, at) => partOf(answer.data, at, halves));
      this.#take(call, answer);
    }
    return this.#predictions.slice(0, halves);
  }

  /** Rows that the graph insists on. */
  get #fixedRows(): number | undefined {
    const rows = this.#graph.inputs.get(this.#names.sample)?.dims[0];
    return typeof rows === 'number' ? rows : undefined;
  }

  /** Plan anew with at most so many rows in a call. */
  #shrinkTo(rows: number): void {
    this.#rowsPerCall = rows;
    this.#plans.clear();
  }

  get #pictureLength(): number {
    return (this.#predictions[0]?.length ?? 0) / this.#inputs.pictures;
  }

  #planFor(halves: number): readonly Call[] {
    const planned = this.#plans.get(halves) ?? this.#plan(halves);
    this.#plans.set(halves, planned);
    return planned;
  }

  #plan(halves: number): readonly Call[] {
    const { pictures, halves: all } = this.#inputs;
    const numbers = Array.from({ length: halves }, (_, half) => half);
    const most = this.#fixedRows ?? this.#rowsPerCall;
    const [first] = all;
    const isOneShape = all.every(({ feeds }) => sameShapes(feeds, first?.feeds ?? {}));
    if (isOneShape && halves * pictures <= most) return [this.#call(numbers, 0, pictures)];
    return numbers.flatMap((half) =>
      Array.from({ length: Math.ceil(pictures / most) }, (_, chunk) =>
        this.#call([half], chunk * most, Math.min(most, pictures - chunk * most)),
      ),
    );
  }

  #call(halves: readonly number[], firstPicture: number, pictures: number): Call {
    const { fixed, halves: all, reference } = this.#inputs;
    const rows = halves.length * pictures;
    const bound: Record<string, BoundInput> = {};
    const bind = (name: string, tensor: FloatTensor) => {
      bound[name] = this.#graph.bind(name, tensor);
    };
    const chosen = halves.map((half) => all[half]?.feeds ?? {});
    for (const name of Object.keys(chosen[0] ?? {}))
      bind(name, joinRows(chosen.map((feeds) => repeatRows(feeds[name] as FloatTensor, pictures))));
    for (const [name, tensor] of Object.entries(fixed.perRow)) bind(name, repeatRows(tensor, rows));
    for (const [name, tensor] of Object.entries(fixed.shared)) bind(name, tensor);
    const dims = [rows, ...this.#sampleDims.slice(1)];
    if (reference !== undefined) dims[1] = (dims[1] ?? 0) + (reference.dims[1] ?? 0);
    const length = dims.reduce((product, size) => product * size, 1);
    const port = this.#graph.inputs.get('timestep');
    // A U-Net takes one timestep for all rows, a transformer one for each.
    const count = this.#names.sample === 'sample' || port?.dims[0] === 1 ? 1 : rows;
    const sample = { data: new Float32Array(length), dims };
    const timestep = {
      data: new Float32Array(count),
      dims: port?.dims.length === 0 ? [] : [count],
    };
    const feeds = { ...bound, [this.#names.sample]: sample, timestep };
    return { halves, firstPicture, pictures, feeds, sample, timestep };
  }

  #fill(call: Call, sample: Float32Array, timestep: number): void {
    const { reference } = this.#inputs;
    const each = this.#pictureLength;
    const row = each + (reference?.data.length ?? 0);
    for (let half = 0; half < call.halves.length; half += 1) {
      for (let picture = 0; picture < call.pictures; picture += 1) {
        const from = (call.firstPicture + picture) * each;
        const to = (half * call.pictures + picture) * row;
        call.sample.data.set(sample.subarray(from, from + each), to);
        if (reference !== undefined) call.sample.data.set(reference.data, to + each);
      }
    }
    call.timestep.data.fill(timestep);
  }

  #take(call: Call, { data }: FloatTensor): void {
    const each = this.#pictureLength;
    const row = each + (this.#inputs.reference?.data.length ?? 0);
    for (const [at, half] of call.halves.entries()) {
      for (let picture = 0; picture < call.pictures; picture += 1) {
        const from = (at * call.pictures + picture) * row;
        const target = this.#predictions[half];
        target?.set(data.subarray(from, from + each), (call.firstPicture + picture) * each);
      }
    }
  }
}
