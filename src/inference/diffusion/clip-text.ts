/**
 * What the reference's CLIP tokenizer (transformers' slow CLIPTokenizer without ftfy) does to a text
 * before it splits it, and the `tokenizer.json` of folders that have only `vocab.json` and `merges.txt`.
 * https://github.com/huggingface/transformers/blob/v4.57.6/src/transformers/models/clip/tokenization_clip.py
 */

/** Ranges that the reference puts spaces around: CJK ideographs, but not kana or hangul. */
const IDEOGRAPH =
  /[\u4E00-\u9FFF\u3400-\u4DBF\u{20000}-\u{2A6DF}\u{2A700}-\u{2B73F}\u{2B740}-\u{2B81F}\u{2B820}-\u{2CEAF}\uF900-\uFAFF\u{2F800}-\u{2FA1F}]/gu;

/** Drop control and format characters, part ideographs, and write every run of white space as one space. */
export function cleanClipText(text: string): string {
  return text
    .replace(/[\t\n\r]/g, ' ')
    .replace(/[\p{C}\uFFFD]/gu, '')
    .replace(IDEOGRAPH, ' $& ')
    .normalize('NFC')
    .split(/\s+/u)
    .filter((word) => word !== '')
    .join(' ');
}

/** A token of `added_tokens_decoder`. */
export interface AddedToken {
  readonly content: string;
  readonly [flag: string]: unknown;
}

/** What a folder without `tokenizer.json` has. */
export interface ClipVocabulary {
  readonly vocab: Readonly<Record<string, number>>;
  /** `merges.txt`: a version line, then a pair a line in the order of their rank. */
  readonly merges: string;
  readonly addedTokens: Readonly<Record<string, AddedToken>>;
  readonly bosToken: string;
  readonly eosToken: string;
}

const SPLIT = "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+";

/**
 * The `tokenizer.json` that the reference's converter writes for a CLIP folder.
 * @throws Error when a special token is not in the vocabulary.
 */
export function clipTokenizerJson(vocabulary: ClipVocabulary): Record<string, unknown> {
  const { vocab, bosToken, eosToken } = vocabulary;
  const idOf = (token: string): number => {
    const id = vocab[token];
    if (id === undefined) throw new Error(`The CLIP vocabulary has no ${token}.`);
    return id;
  };
  const merges = vocabulary.merges
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#version'));
  return {
    version: '1.0',
    added_tokens: Object.entries(vocabulary.addedTokens).map(([id, token]) => ({
      id: Number(id),
      ...token,
    })),
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'NFC' },
        { type: 'Replace', pattern: { Regex: '\\s+' }, content: ' ' },
        { type: 'Lowercase' },
      ],
    },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: SPLIT }, behavior: 'Removed', invert: true },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
      ],
    },
    post_processor: {
      type: 'RobertaProcessing',
      sep: [eosToken, idOf(eosToken)],
      cls: [bosToken, idOf(bosToken)],
      trim_offsets: false,
      add_prefix_space: false,
    },
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      unk_token: eosToken,
      continuing_subword_prefix: '',
      end_of_word_suffix: '</w>',
      vocab,
      merges,
    },
  };
}
