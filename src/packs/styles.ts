/**
 * Styles as prompt data, from the file beside this one: the words of a style come after the caller's, so that
 * a long prompt loses the style's first. `version` grows with every change of the words, because the same
 * seed then gives another picture.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

const styleSchema = z.strictObject({
  /** Put after a prompt. */
  words: z.string().min(1),
  /** Put after an instruction to edit a picture; empty changes nothing that was not asked for. */
  editWords: z.string(),
  /** Put after a negative prompt, where the pack takes one. */
  negative: z.string(),
});

const schema = z.strictObject({
  version: z.int().min(1),
  styles: z.strictObject({
    natural: styleSchema,
    moody: styleSchema,
    bright: styleSchema,
    overhead: styleSchema,
    macro: styleSchema,
  }),
});

/** Every style. */
export type Styles = Readonly<z.infer<typeof schema>>;

/** Read the styles. */
export function loadStyles(): Styles {
  const text = readFileSync(new URL('./styles.json', import.meta.url), 'utf8');
  return schema.parse(JSON.parse(text));
}
