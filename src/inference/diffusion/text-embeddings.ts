/** What text encoders give, put together as each family's network takes it. */
import type { FloatTensor, Graph, HostTensor } from '../graph.ts';
import type { EncodedText, Half } from './families/family.ts';
import type { Generation } from './generation.ts';
import type { TokenizedText } from './prompt-tokenizer.ts';

const NO_TOKENS = { kept: 0, total: 0 };
const HIDDEN = /^hidden_states\.(\d+)$/;

/** Name of the output that is `fromLast` layers before the last one; 0 is the last layer's, without a final norm. */
export function hiddenStateName(encoder: Graph, fromLast: number): string {
  const layers = [...encoder.outputs.keys()].flatMap((name) => HIDDEN.exec(name)?.[1] ?? []);
  const last = Math.max(...layers.map(Number));
  const name = `hidden_states.${last - fromLast}`;
  if (!encoder.outputs.has(name))
    throw new Error(`The text encoder gives no hidden states ${fromLast} layers before its last.`);
  return name;
}

/** Tokens of the prompt that were kept and all it has, of the encoder that keeps most. */
export function promptTokens(
  halves: readonly { readonly half: Half; readonly texts: readonly EncodedText[] }[],
): Generation['promptTokens'] {
  const texts = halves.find(({ half }) => half === 'prompt')?.texts ?? [];
  const counts = texts.map(({ tokens: { kept, total } }) => ({ kept, total }));
  return counts.reduce((most, each) => (each.kept > most.kept ? each : most), NO_TOKENS);
}

/** Run an encoder on one text; the mask goes in where the graph has an input for it. */
export async function encodeText(
  encoder: Graph,
  text: TokenizedText,
  outputs: readonly string[],
): Promise<readonly FloatTensor[]> {
  const dims = [1, text.ids.length];
  const feeds: Record<string, HostTensor> = { input_ids: { data: text.ids, dims } };
  if (encoder.inputs.has('attention_mask')) feeds['attention_mask'] = { data: text.mask, dims };
  const states = await encoder.run(feeds, outputs);
  return outputs.map((name) => states[name] as FloatTensor);
}

/** Tensors [1, n, a], [1, n, b] … side by side: [1, n, a + b + …]; also [1, a] … for pooled ones. */
export function sideBySide(tensors: readonly FloatTensor[]): FloatTensor {
  const widths = tensors.map(({ dims }) => dims.at(-1) ?? 0);
  const width = widths.reduce((sum, each) => sum + each, 0);
  const rows = (tensors[0]?.data.length ?? 0) / (widths[0] ?? 1);
  const data = new Float32Array(rows * width);
  for (let row = 0; row < rows; row += 1) {
    let at = row * width;
    for (const [i, { data: part }] of tensors.entries()) {
      const length = widths[i] ?? 0;
      data.set(part.subarray(row * length, (row + 1) * length), at);
      at += length;
    }
  }
  return { data, dims: [...(tensors[0]?.dims.slice(0, -1) ?? []), width] };
}

/** Rows [1, n, a] made wider with zeros: [1, n, width]. */
export function widen(tensor: FloatTensor, width: number): FloatTensor {
  const [, rows = 0, own = 0] = tensor.dims;
  const zeros = { data: new Float32Array(rows * (width - own)), dims: [1, rows, width - own] };
  return sideBySide([tensor, zeros]);
}

/** Rows of the first, then rows of the second: [1, n + m, width]. */
export function oneAfterOther(first: FloatTensor, second: FloatTensor): FloatTensor {
  const data = new Float32Array(first.data.length + second.data.length);
  data.set(first.data);
  data.set(second.data, first.data.length);
  const [, n = 0, width = 0] = first.dims;
  return { data, dims: [1, n + (second.dims[1] ?? 0), width] };
}

/** Only the rows of tokens that are not padding: [1, kept, width]. */
export function withoutPadding(tensor: FloatTensor, mask: Int32Array): FloatTensor {
  const width = tensor.dims.at(-1) ?? 0;
  const rows = [...mask.keys()].filter((row) => mask[row] === 1);
  const data = new Float32Array(rows.length * width);
  for (const [to, from] of rows.entries())
    data.set(tensor.data.subarray(from * width, (from + 1) * width), to * width);
  return { data, dims: [1, rows.length, width] };
}
