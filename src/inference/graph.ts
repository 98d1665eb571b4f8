/** What a graph of several inputs and outputs is to those who run it; `session.ts` makes one. */

/** A named input or output, as the graph declares it. */
export interface GraphPort {
  readonly name: string;
  readonly type: string;
  /** Sizes; a name where the size is free. Empty for a scalar. */
  readonly dims: readonly (number | string)[];
}

/** A tensor of this side: numbers, whatever type the graph wants them in. */
export interface HostTensor {
  readonly data: Float32Array | Int32Array;
  readonly dims: readonly number[];
}

/** A tensor coming out; integers and halves become float32. */
export interface FloatTensor {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

/** An input converted once and fed many times; only the graph that made it can read it. */
export interface BoundInput {
  readonly port: GraphPort;
}

/** A loaded graph. */
export interface Graph {
  readonly inputs: ReadonlyMap<string, GraphPort>;
  readonly outputs: ReadonlyMap<string, GraphPort>;
  /** Convert a constant input once. @throws Error when the graph has no such input. */
  bind(name: string, tensor: HostTensor): BoundInput;
  /**
   * Run the graph; inputs take the type that it declares.
   * @param fetches Names of the outputs wanted; the rest is not copied.
   * @throws Error when a name is unknown or an output is no tensor of numbers.
   */
  run(
    feeds: Readonly<Record<string, HostTensor | BoundInput>>,
    fetches: readonly string[],
  ): Promise<Readonly<Record<string, FloatTensor>>>;
  /** Give the weights back; a released graph cannot run. */
  release(): Promise<void>;
}
