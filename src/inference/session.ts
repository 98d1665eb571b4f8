/**
 * One loaded graph: the only file that imports onnxruntime-node. `run` blocks its thread, which is
 * why sessions live in the workers of an engine process (design measured in docs/architecture.md).
 */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { BoundInput, FloatTensor, Graph, GraphPort, HostTensor } from './graph.ts';
import { fromHalves, toHalves } from './half-float.ts';
import { tellingOutOfMemory } from './out-of-memory.ts';

/** Where a graph runs. */
export interface ProviderChoice {
  readonly provider: 'cpu' | 'cuda';
  /** Number of the CUDA device; 0 for the CPU. */
  readonly deviceId: number;
  /** onnxruntime's intra-op threads. */
  readonly threads: number;
}

/** A tensor coming out; which of the two types it has is fixed by the graph. */
export interface OutputTensor {
  readonly data: Float32Array | Uint8Array;
  readonly dims: readonly number[];
}

function sessionOptions(choice: ProviderChoice): InferenceSession.SessionOptions {
  const executionProviders =
    choice.provider === 'cuda'
      ? [{ name: 'cuda' as const, deviceId: choice.deviceId }, 'cpu' as const]
      : ['cpu' as const];
  return {
    executionProviders,
    intraOpNumThreads: choice.threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
    // Spinning threads starve decoding and the other workers on a shared machine.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  };
}

/** `y = Abs(x)`, one float each. */
const SMALLEST_GRAPH =
  'CAg6NgoLCgF4EgF5IgNBYnMSBWdyYXBoWg8KAXgSCgoICAESBAoCCAFiDwoBeRIKCggIARIECgIIAUIECgAQEQ==';

/**
 * Bring the runtime and its provider into memory, so that the first pack is not taken for what they need.
 * @throws Error when the provider cannot be loaded.
 */
export async function wakeRuntime(choice: ProviderChoice): Promise<void> {
  const graph = Buffer.from(SMALLEST_GRAPH, 'base64');
  const session = await InferenceSession.create(graph, sessionOptions(choice));
  await session.run({ x: new Tensor('float32', Float32Array.of(1), [1]) });
  await session.release();
}

const portsOf = (metadata: readonly InferenceSession.ValueMetadata[]) =>
  new Map(
    metadata.map((port): [string, GraphPort] => [
      port.name,
      port.isTensor
        ? { name: port.name, type: port.type, dims: port.shape }
        : { name: port.name, type: 'no tensor', dims: [] },
    ]),
  );

/** The bits of half-precision values: onnxruntime has them in a Float16Array where there is one (Node 24). */
function bitsOf(data: Tensor.DataType): Uint16Array {
  if (data instanceof Uint16Array) return data;
  if (!ArrayBuffer.isView(data)) throw new Error('Half-precision values are not in an array.');
  return new Uint16Array(data.buffer, data.byteOffset, data.length);
}

const isSame = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((size, at) => size === b[at]);

/** The tensor that a port wants, in the buffer of the last one of that size where there is one. */
function toTensor(port: GraphPort, { data, dims }: HostTensor, last?: Tensor): Tensor {
  const reused = last?.data.length === data.length ? last.data : undefined;
  switch (port.type) {
    case 'float32':
      if (last?.data === data && isSame(last.dims, dims)) return last;
      return new Tensor(
        'float32',
        data instanceof Float32Array ? data : Float32Array.from(data),
        dims,
      );
    case 'float16': {
      const halves = reused === undefined ? new Uint16Array(data.length) : bitsOf(reused);
      toHalves(data, halves);
      const tensor = new Tensor('float16', halves, dims);
      // Node 24 has Float16Array and the library wraps the bits in one, which its native part cannot read.
      return Object.defineProperty(tensor, 'data', { value: halves });
    }
    case 'int64': {
      const whole = reused instanceof BigInt64Array ? reused : new BigInt64Array(data.length);
      for (let i = 0; i < whole.length; i += 1) whole[i] = BigInt(Math.trunc(data[i] as number));
      return new Tensor('int64', whole, dims);
    }
    case 'int32':
      return new Tensor('int32', data instanceof Int32Array ? data : Int32Array.from(data), dims);
    case 'bool':
      return new Tensor(
        'bool',
        Uint8Array.from(data, (value) => (value === 0 ? 0 : 1)),
        dims,
      );
    default:
      throw new Error(`The graph wants ${port.name} as ${port.type}, which is not supported.`);
  }
}

function toFloats(name: string, output: Tensor | undefined): FloatTensor {
  const data = output?.data;
  if (output !== undefined && data instanceof Float32Array) return { data, dims: output.dims };
  if (output !== undefined && data !== undefined && output.type === 'float16') {
    return { data: fromHalves(bitsOf(data)), dims: output.dims };
  }
  throw new Error(
    `The graph's output ${name} is ${output?.type ?? 'missing'}, not a float tensor.`,
  );
}

/** A constant input as onnxruntime takes it. */
class BoundTensor implements BoundInput {
  readonly port: GraphPort;
  readonly tensor: Tensor;

  constructor(port: GraphPort, tensor: Tensor) {
    this.port = port;
    this.tensor = tensor;
  }
}

/** A graph as onnxruntime runs it, its inputs in the types that it declares. */
interface OpenGraph extends Pick<Graph, 'inputs' | 'outputs' | 'bind' | 'release'> {
  run(
    feeds: Readonly<Record<string, HostTensor | BoundInput>>,
    fetches: readonly string[],
  ): Promise<Readonly<Record<string, Tensor>>>;
}

async function openGraph(path: string, choice: ProviderChoice): Promise<OpenGraph> {
  const session = await tellingOutOfMemory(() =>
    InferenceSession.create(path, sessionOptions(choice)),
  );
  const inputs = portsOf(session.inputMetadata);
  const outputs = portsOf(session.outputMetadata);
  const last = new Map<string, Tensor>();
  const portOf = (name: string): GraphPort => {
    const port = inputs.get(name);
    if (port === undefined)
      throw new Error(`The graph has no input ${name}: ${[...inputs.keys()].join(', ')}.`);
    return port;
  };
  const tensorOf = (name: string, feed: HostTensor | BoundInput | undefined): Tensor => {
    if (feed instanceof BoundTensor) return feed.tensor;
    const tensor = toTensor(portOf(name), feed as HostTensor, last.get(name));
    last.set(name, tensor);
    return tensor;
  };
  return {
    inputs,
    outputs,
    bind: (name, tensor) => new BoundTensor(portOf(name), toTensor(portOf(name), tensor)),
    run: (feeds, fetches) => {
      const tensors: Record<string, Tensor> = {};
      for (const name in feeds) tensors[name] = tensorOf(name, feeds[name]);
      return tellingOutOfMemory(() => session.run(tensors, fetches));
    },
    release: () => session.release(),
  };
}

/**
 * Load a graph of several inputs and outputs from a file; external weights lie beside it.
 * @throws Error when the file is not a graph, or the provider cannot be loaded.
 */
export async function loadGraph(path: string, choice: ProviderChoice): Promise<Graph> {
  const graph = await openGraph(path, choice);
  return {
    ...graph,
    async run(feeds, fetches) {
      const results = await graph.run(feeds, fetches);
      const floats: Record<string, FloatTensor> = {};
      for (const name of fetches) floats[name] = toFloats(name, results[name]);
      return floats;
    },
  };
}

/** A graph that takes one picture: what its ports are called does not matter. */
export class Session {
  readonly input: GraphPort;
  /** In the order of the graph. */
  readonly outputs: readonly GraphPort[];
  readonly #graph: OpenGraph;

  private constructor(graph: OpenGraph, input: GraphPort) {
    this.#graph = graph;
    this.input = input;
    this.outputs = [...graph.outputs.values()];
  }

  /**
   * Load a graph from a file; from a path, because a buffer costs a second copy.
   * @throws Error when the file is not a graph, has several inputs, or the provider cannot be loaded.
   */
  static async load(path: string, choice: ProviderChoice): Promise<Session> {
    const graph = await openGraph(path, choice);
    const [input, further] = graph.inputs.values();
    if (input === undefined || further !== undefined) {
      await graph.release();
      throw new Error(`${path} has ${graph.inputs.size} inputs, not one picture.`);
    }
    return new Session(graph, input);
  }

  /**
   * Run the graph.
   * @param output The output wanted; the rest is not copied.
   * @throws Error when the output has an unexpected type or holds NaN or infinity.
   */
  async run(picture: HostTensor, output = this.outputs[0]): Promise<OutputTensor> {
    const [result] = await this.runAll(picture, output && [output]);
    return result as OutputTensor;
  }

  /**
   * Run the graph for several outputs. @returns They in that order. @throws Error as `run` does.
   */
  async runAll(
    picture: HostTensor,
    wanted: readonly GraphPort[] = this.outputs,
  ): Promise<readonly OutputTensor[]> {
    const names = wanted.map(({ name }) => name);
    const results = await this.#graph.run({ [this.input.name]: picture }, names);
    return names.map((name) => {
      const result = results[name];
      if (result?.data instanceof Uint8Array) return { data: result.data, dims: result.dims };
      const floats = toFloats(name, result);
      if (!floats.data.every(Number.isFinite)) throw new Error('The graph gave NaN or infinity.');
      return floats;
    });
  }

  /** Give the weights back; without it they stay in memory. */
  async release(): Promise<void> {
    await this.#graph.release();
  }
}
