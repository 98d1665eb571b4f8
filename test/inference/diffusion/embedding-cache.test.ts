import { describe, expect, it } from 'vitest';
import { EmbeddingCache } from '../../../src/inference/diffusion/embedding-cache.ts';
import type { Embedding, Texts } from '../../../src/inference/diffusion/families/family.ts';

const textsOf = (text: string | undefined, changes: Partial<Texts> = {}): Texts => ({
  ...{ half: 'prompt', text, secondText: undefined, choices: {} },
  ...changes,
});

/** A cache with room for some embeddings of 40 bytes, and the texts that had to be made. */
function cacheFor(embeddings: number) {
  const cache = new EmbeddingCache(embeddings * 40);
  const made: Texts[] = [];
  const get = (texts: Texts) =>
    cache.get(texts, async (): Promise<Embedding> => {
      made.push(texts);
      return { feeds: { states: { data: new Float32Array(10), dims: [1, 10] } }, texts: [] };
    });
  return { made, get };
}

describe('embeddings of the last texts', () => {
  it('are made once for the same text', async () => {
    const { made, get } = cacheFor(2);
    expect(await get(textsOf('soup'))).toBe(await get(textsOf('soup')));
    expect(made).toHaveLength(1);
  });

  it('are dropped when there is no more room, the longest unused first', async () => {
    const { made, get } = cacheFor(2);
    for (const text of ['soup', 'ramen', 'soup', 'pizza']) await get(textsOf(text));
    expect(made.map(({ text }) => text)).toEqual(['soup', 'ramen', 'pizza']);
    await get(textsOf('soup'));
    expect(made).toHaveLength(3);
    await get(textsOf('ramen'));
    expect(made).toHaveLength(4);
  });

  it('are not kept without room', async () => {
    const { made, get } = cacheFor(0);
    await get(textsOf('soup'));
    await get(textsOf('soup'));
    expect(made).toHaveLength(2);
  });

  it.each<[string, Texts, Texts]>([
    ['no text and an empty one', textsOf(undefined), textsOf('')],
    ['the halves', textsOf('soup'), textsOf('soup', { half: 'negative' })],
    ['a second text', textsOf('soup'), textsOf('soup', { secondText: 'macro' })],
    ['skipped layers', textsOf('soup'), textsOf('soup', { choices: { clipSkip: 1 } })],
    ['the length', textsOf('soup'), textsOf('soup', { choices: { maxTokens: 9 } })],
    ['the layers', textsOf('soup'), textsOf('soup', { choices: { hiddenLayers: [1] } })],
  ])('are others by %s', async (_, one, other) => {
    const { made, get } = cacheFor(4);
    await get(one);
    await get(other);
    expect(made).toHaveLength(2);
  });
});
