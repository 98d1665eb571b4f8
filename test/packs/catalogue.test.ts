/** The catalogue of packs that can be pulled. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { CATALOGUE, findEntry, readCatalogue } from '../../src/packs/catalogue.ts';
import { checkFamily } from '../../src/packs/families.ts';
import { checkLicence } from '../../src/packs/licence.ts';
import { scratch } from './hub/fixture.ts';

const UNPINNED = [
  ...['birefnet', 'birefnet-fp16', 'birefnet-lite', 'rmbg-1-4', 'rmbg-2-0'],
  ...['real-esrgan-general', 'real-esrgan-x4plus', 'swin2sr-x4', 'flux-1-schnell'],
];
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
  const { packs: entries } = readCatalogue();
  expect(entries.map(({ id }) => id)).toContain('u2netp');
  for (const { id, revision, verified, facts } of entries) {
    // Where the public documentation tells no commit, the pull pins it.
    expect(revision).toMatch(UNPINNED.includes(id) ? /^main$/ : /^[0-9a-f]{40}$/);
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
    /^The catalogue has no pack soup\. It has: u2netp, .*, flux-2-klein-4b, z-image-turbo\.$/,
  );
});

it('has a family that runs here for every pack, and refuses those that may not be sold from by name', () => {
  const { packs, toExport } = readCatalogue();
  for (const entry of [...packs, ...toExport]) {
    checkFamily(entry);
    if (entry.licence.commercialUse) checkLicence(entry, undefined);
    else expect(() => checkLicence(entry, undefined)).toThrow(entry.licence.spdx);
  }
  expect(packs.filter(({ licence }) => !licence.commercialUse).map(({ id }) => id)).toEqual([
    ...['rmbg-1-4', 'rmbg-2-0', 'sd-turbo', 'sdxl-turbo'],
  ]);
});

it('says how a pack is made that no hub has', () => {
  expect(() => findEntry(readCatalogue(), 'flux-2-klein-4b')).toThrow(
    /Export it from black-forest-labs\/FLUX\.2-klein-4B .*--licence Apache-2\.0 --commercial-use --precision fp16$/,
  );
});
