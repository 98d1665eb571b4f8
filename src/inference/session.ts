/**
 * One loaded graph: the only file that imports onnxruntime-node. `run` blocks its thread, which is
 * why sessions live in the workers of an engine process (design measured in docs/architecture.md).
 */
import { InferenceSession, Tensor } from 'onnxruntime-node';

/** Where a graph runs. */
export interface ProviderChoice {
  readonly provider: 'cpu' | 'cuda';
  /** Number of the CUDA device; 0 for the CPU. */
  readonly deviceId: number;
  /** onnxruntime's intra-op threads. */
  readonly threads: number;
}

/** A tensor going in. */
export interface InputTensor {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

/** A tensor coming out; which of the two types it has is fixed by the graph. */
export interface OutputTensor {
  readonly data: Float32Array | Uint8Array;
  readonly dims: readonly number[];
}

/** A graph with one input and one output. */
export class Session {
  readonly #session: InferenceSession;

  private constructor(session: InferenceSession) {
    this.#session = session;
  }

  /**
   * Load a graph from a file; from a path, because a buffer costs a second copy.
   * @throws Error when the file is not a graph, or the provider cannot be loaded.
   */
  static async load(path: string, choice: ProviderChoice): Promise<Session> {
    const executionProviders =
      choice.provider === 'cuda'
        ? [{ name: 'cuda' as const, deviceId: choice.deviceId }, 'cpu' as const]
        : ['cpu' as const];
    const session = await InferenceSession.create(path, {
      executionProviders,
      intraOpNumThreads: choice.threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
      // Spinning threads starve decoding and the other workers on a shared machine.
      extra: { session: { intra_op: { allow_spinning: '0' } } },
    });
    return new Session(session);
  }

  /**
   * Run the graph.
   * @throws Error when the output has an unexpected type or holds NaN or infinity.
   */
  async run(input: InputTensor): Promise<OutputTensor> {
    const [inputName = ''] = this.#session.inputNames;
    const [outputName = ''] = this.#session.outputNames;
    const feeds = { [inputName]: new Tensor('float32', input.data, input.dims) };
    const output = (await this.#session.run(feeds))[outputName];
    const data = output?.data;
    if (output === undefined || !(data instanceof Float32Array || data instanceof Uint8Array)) {
      throw new Error(`The graph's output is ${output?.type ?? 'missing'}, not float32 or uint8.`);
    }
    if (data instanceof Float32Array && !data.every(Number.isFinite)) {
      throw new Error('The graph gave NaN or infinity.');
    }
    return { data, dims: output.dims };
  }

  /** Give the weights back; without it they stay in memory. */
  async release(): Promise<void> {
    await this.#session.release();
  }
}
