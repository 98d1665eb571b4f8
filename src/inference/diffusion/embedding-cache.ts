/** Embeddings of the texts asked for last, so that an encoder need not run, nor be in memory, for them again. */
import type { Embedding, Texts } from './families/family.ts';

/** Bytes that one embedding takes. */
const sizeOf = ({ feeds }: Embedding): number =>
  Object.values(feeds).reduce((sum, { data }) => sum + data.byteLength, 0);

/** What an embedding depends on, beside its pipeline. */
const keyOf = ({ half, text, secondText, choices }: Texts): string => {
  const { clipSkip, maxTokens, hiddenLayers } = choices;
  return JSON.stringify({ half, text, secondText, clipSkip, maxTokens, hiddenLayers });
};

/** The last embeddings of one pipeline, the least recently used dropped first. */
export class EmbeddingCache {
  readonly #maxBytes: number;
  readonly #kept = new Map<string, Embedding>();
  #bytes = 0;

  /** @param maxBytes of all embeddings together; 0 keeps none. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The embedding of texts, made where it is not kept. */
  async get(texts: Texts, make: () => Promise<Embedding>): Promise<Embedding> {
    const key = keyOf(texts);
    const found = this.#kept.get(key);
    const embedding = found ?? (await make());
    if (found !== undefined) this.#kept.delete(key);
    else this.#bytes += sizeOf(embedding);
    this.#kept.set(key, embedding);
    this.#dropOldest();
    return embedding;
  }

  #dropOldest(): void {
    for (const [key, embedding] of this.#kept) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#kept.delete(key);
      this.#bytes -= sizeOf(embedding);
    }
  }
}
