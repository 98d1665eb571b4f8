import { describe, expect, it } from 'vitest';
import { parseRelaxedJson } from '../../../src/inference/diffusion/relaxed-json.ts';

describe('JSON as Python writes it', () => {
  it('reads infinite numbers, bare and as words', () => {
    const text = '{"low": -Infinity, "high": Infinity, "word": "-Infinity", "none": NaN}';
    expect(parseRelaxedJson(text)).toEqual({
      low: Number.NEGATIVE_INFINITY,
      high: Number.POSITIVE_INFINITY,
      word: Number.NEGATIVE_INFINITY,
      none: Number.NaN,
    });
  });

  it('leaves texts that speak of them alone', () => {
    expect(parseRelaxedJson('{"NaN": "to Infinity \\" NaN"}')).toEqual({
      NaN: 'to Infinity " NaN',
    });
  });

  it('refuses what is not JSON', () => {
    expect(() => parseRelaxedJson('{a: 1}')).toThrow(SyntaxError);
  });
});
