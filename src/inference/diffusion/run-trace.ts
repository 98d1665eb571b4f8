/** The stages of a run by name, for parity. */
import type { FloatTensor, HostTensor } from '../graph.ts';

/** What a run told of its stages, each value copied. */
export class RunTrace {
  readonly #told = new Map<string, FloatTensor>();

  readonly note = (stage: string, { data, dims }: HostTensor): void => {
    this.#told.set(stage, { data: Float32Array.from(data), dims: [...dims] });
  };

  get(stage: string): FloatTensor | undefined {
    return this.#told.get(stage);
  }

  /** The halves of the batch, in its order. */
  get halves(): readonly string[] {
    const names = [...this.#told.keys()].flatMap(
      (name) => /^(prompt|negative)\.ids/.exec(name)?.[1] ?? [],
    );
    return [...new Set(names)];
  }

  /** One stage of every half, one after the other. */
  joined(stageOf: (half: string) => string, halves = this.halves): Float32Array {
    return Float32Array.from(halves.flatMap((half) => [...(this.get(stageOf(half))?.data ?? [])]));
  }
}
