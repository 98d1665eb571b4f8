/** JSON as Python writes it: diffusers saves infinite numbers as bare words, which JSON.parse refuses. */

const WORD_OR_STRING = /"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g;

const asNumber: Readonly<Record<string, number>> = {
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
  NaN: Number.NaN,
};

/**
 * Parse JSON in which `Infinity`, `-Infinity` and `NaN` may stand as numbers, bare or as whole strings.
 * @throws SyntaxError when it is otherwise not JSON.
 */
export function parseRelaxedJson(text: string): unknown {
  const quoted = text.replace(WORD_OR_STRING, (part) =>
    part.startsWith('"') ? part : `"${part}"`,
  );
  return JSON.parse(quoted, (_key, value: unknown) =>
    typeof value === 'string' && Object.hasOwn(asNumber, value) ? asNumber[value] : value,
  );
}
