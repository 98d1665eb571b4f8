/** The table of docs/diffusion.md says which fixture covers what. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { coverageTable, withCoverage } from '../../../scripts/docs/write-diffusion-coverage.ts';
import { diffusionFixtures } from './fixtures.ts';

const fixtures = diffusionFixtures();
const path = fileURLToPath(new URL('../../../docs/diffusion.md', import.meta.url));
const document = readFileSync(path, 'utf8');

describe.skipIf(fixtures === null)('the table of what is covered', () => {
  it('is as the script writes it', () => {
    expect(document).toBe(withCoverage(document, coverageTable(fixtures ?? '')));
  });

  it('names every case and every run of the fixtures', () => {
    const ids = [
      ...readdirSync(join(fixtures ?? '', 'cases')).flatMap((model) =>
        readdirSync(join(fixtures ?? '', 'cases', model)),
      ),
      ...readdirSync(join(fixtures ?? '', 'schedulers'))
        .filter((file) => !file.startsWith('_'))
        .map((file) => file.replace('.json', '')),
    ];
    const cells = document.split('\n').flatMap((line) => line.split('|')[4]?.split(',') ?? []);
    const named = new Set(cells.map((cell) => cell.trim()));
    expect(ids.length).toBe(114);
    expect(ids.filter((id) => !named.has(id))).toEqual([]);
  });
});

it('refuses a document without the marks of the table', () => {
  expect(() => withCoverage('# Diffusion', '| a |')).toThrow('marks');
});
