/**
 * Texts to token ids, as the reference does it. transformers.js splits the text; cutting, padding and
 * folders without `tokenizer.json` are ours, because it cuts after adding the end token and so loses it.
 * Every file is read here from the pack's folder: no socket is ever opened.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PreTrainedTokenizer } from '@huggingface/transformers';
import { z } from 'zod';
import { type AddedToken, cleanClipText, clipTokenizerJson } from './clip-text.ts';
import { parseRelaxedJson } from './relaxed-json.ts';

/** A text as an encoder takes it: padded and cut to the length asked for. */
export interface TokenizedText {
  readonly ids: Int32Array;
  readonly mask: Int32Array;
  /** Tokens of the text that were kept, and all it has; special tokens are not counted. */
  readonly kept: number;
  readonly total: number;
}

/** Turns a text into ids. */
export interface PromptTokenizer {
  /** Longest text of the tokenizer's model. */
  readonly maxLength: number;
  /** @param length Ids of the result; the rest is padding. */
  tokenize(text: string, length: number): TokenizedText;
  /** The text of one user message in the model's chat form. @throws Error without a template. */
  chat(text: string, isThinking: boolean): string;
}

const tokenText = z.union([z.string(), z.looseObject({ content: z.string() })]).nullish();

const configSchema = z.looseObject({
  tokenizer_class: z.string(),
  model_max_length: z.number(),
  bos_token: tokenText,
  eos_token: tokenText,
  pad_token: tokenText,
  added_tokens_decoder: z.record(z.string(), z.looseObject({ content: z.string() })).optional(),
  chat_template: z.unknown().optional(),
});
type TokenizerConfig = z.infer<typeof configSchema>;

const contentOf = (token: TokenizerConfig['pad_token']): string =>
  (typeof token === 'string' ? token : token?.content) ?? '';

async function readJson(folder: string, name: string): Promise<Record<string, unknown>> {
  const text = await readFile(join(folder, name), 'utf8');
  return z.record(z.string(), z.unknown()).parse(parseRelaxedJson(text));
}

async function readTokenizerJson(
  folder: string,
  config: TokenizerConfig,
): Promise<Record<string, unknown>> {
  if (existsSync(join(folder, 'tokenizer.json'))) {
    return JSON.parse(await readFile(join(folder, 'tokenizer.json'), 'utf8'));
  }
  if (!config.tokenizer_class.startsWith('CLIP')) {
    throw new Error(`${folder} has no tokenizer.json, which ${config.tokenizer_class} needs.`);
  }
  return clipTokenizerJson({
    vocab: JSON.parse(await readFile(join(folder, 'vocab.json'), 'utf8')),
    merges: await readFile(join(folder, 'merges.txt'), 'utf8'),
    addedTokens: (config.added_tokens_decoder ?? {}) as Record<string, AddedToken>,
    bosToken: contentOf(config.bos_token),
    eosToken: contentOf(config.eos_token),
  });
}

/** How a text is prepared before it is split; each follows the reference where transformers.js differs. */
function preparation(config: TokenizerConfig): (text: string) => string {
  if (config.tokenizer_class.startsWith('CLIP')) return cleanClipText;
  // SentencePiece's character map drops the zero-width joiner; transformers.js makes it a space.
  if (config.tokenizer_class.startsWith('T5')) return (text) => text.replaceAll('\u200D', '');
  return (text) => text;
}

/** How many ids a tokenizer puts before and after a text. */
function specialTokens(tokenizer: PreTrainedTokenizer): { before: number; after: number } {
  const bare = tokenizer.encode('a', { add_special_tokens: false });
  const whole = tokenizer.encode('a');
  const before = whole.indexOf(bare[0] ?? -1);
  return { before, after: whole.length - before - bare.length };
}

/** Cut as the reference does, the closing special tokens kept, and pad. */
function cutAndPad(
  ids: readonly number[],
  special: { before: number; after: number },
  length: number,
  padId: number,
): TokenizedText {
  const all = special.before + special.after;
  const closing = ids.slice(ids.length - special.after);
  const cut = ids.length <= length ? ids : [...ids.slice(0, length - special.after), ...closing];
  const padded = new Int32Array(length).fill(padId);
  padded.set(cut);
  const mask = new Int32Array(length).fill(1, 0, cut.length);
  return { ids: padded, mask, kept: cut.length - all, total: ids.length - all };
}

/**
 * Load a tokenizer folder.
 * @throws Error when a file is missing or its padding token is not in the vocabulary.
 */
export async function loadPromptTokenizer(folder: string): Promise<PromptTokenizer> {
  const rawConfig = await readJson(folder, 'tokenizer_config.json');
  const config = configSchema.parse(rawConfig);
  const templatePath = join(folder, 'chat_template.jinja');
  const template = existsSync(templatePath)
    ? await readFile(templatePath, 'utf8')
    : config.chat_template;
  // Imported where a pack needs it: workers without such a pack need not load it.
  const { PreTrainedTokenizer: Tokenizer } = await import('@huggingface/transformers');
  const tokenizer = new Tokenizer(await readTokenizerJson(folder, config), {
    ...rawConfig,
    chat_template: template,
  });
  const padId = tokenizer.convert_tokens_to_ids(contentOf(config.pad_token));
  if (!Number.isInteger(padId)) throw new Error(`${folder} names no padding token of its own.`);
  const special = specialTokens(tokenizer);
  const prepare = preparation(config);
  return {
    maxLength: config.model_max_length,
    tokenize: (text, length) => cutAndPad(tokenizer.encode(prepare(text)), special, length, padId),
    chat: (text, isThinking) => {
      if (typeof template !== 'string') throw new Error(`${folder} has no chat template.`);
      return tokenizer.apply_chat_template([{ role: 'user', content: text }], {
        tokenize: false,
        add_generation_prompt: true,
        enable_thinking: isThinking,
      } as Parameters<typeof tokenizer.apply_chat_template>[1]) as unknown as string;
    },
  };
}
