/** The catalogue of packs that can be pulled. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { CATALOGUE, findEntry, readCatalogue } from '../../src/packs/catalogue.ts';
import { scratch } from './hub/fixture.ts';

const catalogue = JSON.parse(readFileSync(CATALOGUE, 'utf8'));

function refusal(change: (entry: Record<string, unknown>) => void): string {
  const copy = structuredClone(catalogue);
  change(copy.packs[0]);
  const path = join(scratch(), 'catalogue.json');
  writeFileSync(path, JSON.stringify(copy));
  try {
    readCatalogue(path);
  } catch (error) {
    return (error as Error).message;
  }
  return 'none';
}

it('of the repository can be read, pins commits, and says that nothing in it was run', () => {
  const entries = readCatalogue();
  expect(entries.map(({ id }) => id)).toContain('u2netp');
  for (const { id, revision, verified, facts } of entries) {
    // The one whose commit the public documentation does not tell is pinned by the pull.
    if (id !== 'flux-1-schnell') expect(revision).toMatch(/^[0-9a-f]{40}$/);
    expect(verified).toBeNull();
    expect(facts.length).toBeGreaterThan(0);
  }
});

it.each([
  ['a path that leaves the pack', { files: [{ from: 'a', path: '../a', role: 'model' }] }, /path/],
  ['a role that is none', { files: [{ from: 'a', path: 'a', role: 'A b' }] }, /role/],
  ['an unknown task', { task: 'sorting' }, /task/],
  ['no word on verification', { verified: undefined }, /verified/],
  ['a repository that is an address', { repository: 'https://x.example/a/b' }, /repository/],
  ['inputs that a generator does not take', { task: 'text-to-image' }, /inputs\.steps/],
  ['an unknown key', { url: 'https://x.example' }, /url/],
  ['an id that is given twice', { id: 'isnet-general-use' }, /an id is given twice/],
])('refuses %s', (_name, change, expected) => {
  const message = refusal((entry) => Object.assign(entry, change));
  expect(message).toMatch(/catalogue\.json is no catalogue: /);
  expect(message).toMatch(expected);
});

it('refuses what is no JSON', () => {
  const path = join(scratch(), 'c.json');
  writeFileSync(path, '{');
  expect(() => readCatalogue(path)).toThrow(/c\.json is no catalogue: .*JSON/);
});

it('names what there is when an id is unknown', () => {
  expect(() => findEntry(readCatalogue(), 'soup')).toThrow(
    /^The catalogue has no pack soup\. It has: u2netp, /,
  );
});
