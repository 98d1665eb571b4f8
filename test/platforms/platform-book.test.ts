/** Profiles of an operator's own, good and bad. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PlatformBook } from '../../src/platforms/platform-book.ts';

const wolt = JSON.parse(
  readFileSync(
    fileURLToPath(new URL('../../src/platforms/profiles/wolt.json', import.meta.url)),
    'utf8',
  ),
) as Record<string, unknown>;
const SOURCE = {
  address: 'https://printer.example/guide',
  publisher: 'Our printer',
  read: '2026-11-24',
  pageDate: null,
  status: 'confirmed',
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'garnish-platforms-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A folder with one profile. */
function withProfile(profile: unknown, name = 'printer'): string {
  const own = mkdtempSync(join(folder, 'own-'));
  writeFileSync(
    join(own, `${name}.json`),
    typeof profile === 'string' ? profile : JSON.stringify(profile),
  );
  return own;
}

/** A profile that asks for one thing. */
function printer(claim: Record<string, unknown>, changes: Record<string, unknown> = {}) {
  const { placements } = structuredClone(wolt) as {
    placements: { item: { requirements: object } };
  };
  const requirements = { ...placements.item.requirements, minimumBytes: { claims: [claim] } };
  return {
    ...wolt,
    id: 'printer',
    sources: { guide: SOURCE },
    placements: { menu: { ...placements.item, requirements } },
    ...changes,
  };
}

it('adds a profile to ours, or takes the place of one', () => {
  const added = PlatformBook.load(withProfile(printer({ value: 5, source: 'guide' })));
  expect(added.ids).toHaveLength(PlatformBook.load().ids.length + 1);
  expect(added.find('printer')?.placements['menu']?.requirements.minimumBytes?.claims).toEqual([
    { value: 5, source: 'guide', strength: 'required' },
  ]);
  const replaced = PlatformBook.load(withProfile({ ...wolt, name: 'Our Wolt' }, 'wolt'));
  expect(replaced.find('wolt')?.name).toBe('Our Wolt');
  expect(replaced.ids).toEqual(PlatformBook.load().ids);
});

it.each([
  ['no JSON', '{', /JSON/],
  ['a value without a source', printer({ value: 5 }, { sources: {} }), /source/],
  [
    'a source that is not there',
    printer({ value: 5, source: 'else' }),
    /The source else is not in sources/,
  ],
  [
    'a source that nothing comes from',
    printer({ value: 5, source: 'guide' }, { sources: { guide: SOURCE, more: SOURCE } }),
    /Nothing comes from the source more/,
  ],
  [
    'no day of reading',
    printer({ value: 5, source: 'guide' }, { sources: { guide: { ...SOURCE, read: 'today' } } }),
    /date/,
  ],
  ['half a megabyte in words', printer({ value: '0.5 MB', source: 'guide' }), /minimumBytes/],
  [
    'a field that is left out',
    { ...wolt, id: 'printer', placements: { item: { name: 'x', requirements: {}, rules: [] } } },
    /ratio/,
  ],
  ['no placement', { ...wolt, id: 'printer', placements: {} }, /Expected a placement/],
  ['another id than its name', { ...wolt }, /its id is "wolt"/],
  ['no version', { ...wolt, id: 'printer', version: undefined }, /version/],
])('refuses %s by name', (_what, profile, reason) => {
  const own = withProfile(profile);
  expect(() => PlatformBook.load(own)).toThrow(reason);
  expect(() => PlatformBook.load(own)).toThrow(join(own, 'printer.json'));
});

it('refuses a folder that is not there', () => {
  expect(() => PlatformBook.load(join(folder, 'nowhere'))).toThrow(/nowhere/);
});
