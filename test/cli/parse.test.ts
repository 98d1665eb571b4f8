import { expect, test } from 'vitest';
import { rate, wholeNumber } from '../../src/cli/parse.ts';

test.each([
  ['0', 0],
  ['7', 7],
  ['1000000000', 1_000_000_000],
])('%s is a whole number', (text, value) => {
  expect(wholeNumber(0)(text)).toBe(value);
});

test.each(['', ' ', '-1', '1.5', '1e3', '0x10', 'many', '1000000001', '9007199254740993', '5 '])(
  '%j is refused',
  (text) => {
    expect(() => wholeNumber(0)(text)).toThrow('Expected a whole number from 0 to 1000000000.');
  },
);

test('a number below the least is refused', () => {
  expect(() => wholeNumber(1)('0')).toThrow('Expected a whole number from 1 to 1000000000.');
});

test('a rate is a number of at least 1 or none', () => {
  expect([rate('none'), rate('60')]).toEqual(['none', 60]);
  for (const text of ['0', 'None', '']) expect(() => rate(text)).toThrow(/from 1/);
});
