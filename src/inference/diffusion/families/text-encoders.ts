/** Texts through the encoders of a component folder. */
import type { FloatTensor, Graph } from '../../graph.ts';
import type { ComponentFolder } from '../component-folder.ts';
import type { TokenizedText } from '../prompt-tokenizer.ts';
import { encodeText, hiddenStateName } from '../text-embeddings.ts';
import type { EncodedText } from './family.ts';

/** Number of an encoder: the suffix of its folder and of its tokenizer's. */
export type EncoderNumber = '' | '_2' | '_3';

/** States of an encoder, in the order asked for. */
export interface Encoded extends EncodedText {
  readonly states: readonly FloatTensor[];
}

/** Run an encoder on ids that are there already. */
export async function encodeTokens(
  parts: ComponentFolder,
  number: EncoderNumber,
  tokens: TokenizedText,
  outputsOf: (encoder: Graph) => readonly string[],
): Promise<Encoded> {
  const name = `text_encoder${number}`;
  const encoder = await parts.graph(name);
  return { encoder: name, tokens, states: await encodeText(encoder, tokens, outputsOf(encoder)) };
}

/**
 * Tokenize a text to a length and run its encoder.
 * @param length ids of the text with padding; absent: the tokenizer's longest
 */
export async function encode(
  parts: ComponentFolder,
  number: EncoderNumber,
  text: string,
  outputsOf: (encoder: Graph) => readonly string[],
  length?: number,
): Promise<Encoded> {
  const tokenizer = await parts.tokenizer(`tokenizer${number}`);
  const tokens = tokenizer.tokenize(text, length ?? tokenizer.maxLength);
  return encodeTokens(parts, number, tokens, outputsOf);
}

/** Tokenize one user message in the model's chat form and run its encoder. */
export async function encodeChat(
  parts: ComponentFolder,
  message: { readonly text: string; readonly isThinking: boolean },
  outputsOf: (encoder: Graph) => readonly string[],
  length: number,
): Promise<Encoded> {
  const tokenizer = await parts.tokenizer('tokenizer');
  const text = tokenizer.chat(message.text, message.isThinking);
  return encodeTokens(parts, '', tokenizer.tokenize(text, length), outputsOf);
}

/** The hidden states so many layers before the last, as `encode` takes it. */
export const hidden =
  (fromLast: number, ...others: readonly string[]) =>
  (encoder: Graph): readonly string[] => [hiddenStateName(encoder, fromLast), ...others];

/** What encoders saw, without their states. */
export const seen = (...encoded: readonly Encoded[]): readonly EncodedText[] =>
  encoded.map(({ encoder, tokens }) => ({ encoder, tokens }));

/** A state that `encode` was asked for. @throws Error when there are fewer. */
export function state({ states }: Encoded, index = 0): FloatTensor {
  const found = states[index];
  if (found === undefined) throw new Error(`The text encoder gave no state ${index}.`);
  return found;
}
