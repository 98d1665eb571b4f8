/** The documentation says what is there. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { settingsDocs } from '../scripts/docs/write-settings.ts';

const read = (path: string) =>
  readFileSync(fileURLToPath(new URL(`../${path}`, import.meta.url)), 'utf8');

it.each(Object.entries(settingsDocs))('docs/%s is as `npm run docs` writes it', (name, text) => {
  expect(read(`docs/${name}`)).toBe(text);
});

it('the README names every dependency with its reason', () => {
  const { dependencies } = JSON.parse(read('package.json')) as { dependencies: object };
  const readme = read('README.md');
  for (const name of Object.keys(dependencies)) expect(readme).toContain(`| \`${name}\` |`);
});
