/** Text that a caller sends and a model reads: which characters it may hold, and how long it is. */

/** Control characters, and the bidirectional overrides that make text read otherwise than it is. */
const FORBIDDEN = /[\p{Cc}\u202A-\u202E\u2066-\u2069]/u;
/** Half of a surrogate pair, which is no character. */
const LONE_SURROGATE = /\p{Cs}/u;
/** Whitespace that a menu text may well hold. */
const ALLOWED_CONTROLS = /[\t\n\r]/g;
/** Characters that show nothing: a text of these alone is empty. */
const INVISIBLE = /[\p{Cf}\p{Z}\s]/gu;
/** More marks than this on one letter is not writing. */
const MARK_RUN = /\p{M}{9,}/u;

/** Length in characters (code points), as the contract counts it. */
export const characterCount = (text: string): number => [...text].length;

/**
 * What is wrong with a text, or undefined when it can be used.
 * @param text Text after trimming.
 */
export function textProblem(text: string): string | undefined {
  if (LONE_SURROGATE.test(text)) return 'no lone surrogates';
  if (FORBIDDEN.test(text.replace(ALLOWED_CONTROLS, ' '))) {
    return 'no control characters and no direction overrides';
  }
  if (MARK_RUN.test(text)) return 'no runs of combining marks';
  if (text.replace(INVISIBLE, '') === '') return 'at least one visible character';
  return undefined;
}
