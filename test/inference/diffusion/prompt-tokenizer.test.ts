import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadPromptTokenizer } from '../../../src/inference/diffusion/prompt-tokenizer.ts';
import { diffusionFixtures } from './fixtures.ts';

interface ReferenceText {
  readonly text: string;
  readonly input_ids: readonly number[];
  readonly attention_mask: readonly number[];
  readonly chat_text?: string;
  readonly chat_input_ids?: readonly number[];
}
interface ReferenceTokenizer {
  readonly max_length: number;
  readonly texts: readonly ReferenceText[];
}

const fixtures = diffusionFixtures();

describe.skipIf(fixtures === null)('ids of the reference', () => {
  const reference: Record<string, ReferenceTokenizer> =
    fixtures === null ? {} : JSON.parse(readFileSync(join(fixtures, 'tokenizers.json'), 'utf8'));
  it.each(Object.entries(reference))('%s', async (folder, { max_length, texts }) => {
    const tokenizer = await loadPromptTokenizer(join(fixtures ?? '', 'models', folder));
    expect(texts.length).toBeGreaterThan(10);
    for (const expected of texts) {
      const { ids, mask, kept, total } = tokenizer.tokenize(expected.text, max_length);
      expect([...ids], expected.text).toEqual(expected.input_ids);
      expect([...mask], expected.text).toEqual(expected.attention_mask);
      expect(kept, expected.text).toBeLessThanOrEqual(total);
      if (expected.chat_text !== undefined) {
        const chat = tokenizer.chat(expected.text, false);
        expect(chat).toBe(expected.chat_text);
        const { ids } = tokenizer.tokenize(chat, expected.chat_input_ids?.length ?? 0);
        expect([...ids], chat).toEqual(expected.chat_input_ids);
      }
    }
  });

  it('counts the tokens of a text that were kept, without the special ones', async () => {
    const tokenizer = await loadPromptTokenizer(join(fixtures ?? '', 'models/sd15-tiny/tokenizer'));
    const cut = tokenizer.tokenize('taco '.repeat(100), 77);
    expect(cut.total).toBeGreaterThanOrEqual(100);
    expect(cut.kept).toBe(75);
    const whole = tokenizer.tokenize('a photo', 77);
    expect(whole.kept).toBe(whole.total);
  });
});
