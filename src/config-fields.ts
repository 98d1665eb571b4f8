/** The kinds of values that settings have. */
import { z } from 'zod';

/** `1` or `0`, and words for them. */
export const flag = z.stringbool({
  truthy: ['1', 'true', 'yes'],
  falsy: ['0', 'false', 'no', ''],
});

/** A whole number within bounds. */
export const integer = (min: number, max: number) => {
  const expected = `Expected a whole number from ${min} to ${max}`;
  return z.coerce.number(expected).int(expected).min(min, expected).max(max, expected);
};

/** Items between commas. */
export const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);

/** One mebibyte in bytes. */
export const mebibyte = 1024 * 1024;
