import { expect, test } from 'vitest';
import { generateRequest } from '../../src/contract/requests.ts';
import { loadStyles } from '../../src/packs/styles.ts';

test('each style of the contract has words of its own, and none that lists cut short', () => {
  const { styles, version } = loadStyles();
  expect(version).toBe(1);
  for (const style of Object.keys(styles)) {
    expect(generateRequest.parse({ prompt: 'soup', style }).style).toBe(style);
  }
  expect(Object.keys(styles)).toHaveLength(5);
  const words = Object.values(styles).map((style) => style.words);
  expect(new Set(words).size).toBe(5);
  for (const text of words) {
    expect(text).toContain('food photograph');
    expect(text).toMatch(/^\S.*[a-z]$/); // joined by commas, without a full stop
  }
});

test('the natural style leaves the dish, and a picture that is edited, as they are', () => {
  const { natural } = loadStyles().styles;
  expect([natural.editWords, natural.negative]).toEqual(['', '']);
  expect(natural.words).not.toMatch(/dramatic|vivid|saturated|macro|overhead|blur/);
});
