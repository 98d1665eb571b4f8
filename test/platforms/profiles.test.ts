/** The data: every value has a source that says so, what nobody says is null, and nothing was invented. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Platform, Source } from '../../src/platforms/platform.ts';
import { sourcesNamed } from '../../src/platforms/platform.ts';
import { PlatformBook } from '../../src/platforms/platform-book.ts';

const book = PlatformBook.load();
const platforms = book.all.map((platform) => [platform.id, platform] as const);

it('has the platforms that sell, list and show food', () => {
  expect(book.ids).toEqual([
    'deliverect',
    'deliveroo',
    'doordash',
    'facebook',
    'foodpanda',
    'glovo',
    'google-business',
    'grubhub',
    'instagram',
    'just-eat',
    'keeta',
    'opentable',
    'square-online',
    'swiggy',
    'tiktok',
    'toast',
    'tripadvisor',
    'uber-eats',
    'wolt',
    'yelp',
    'zomato',
  ]);
});

describe.each(platforms)('%s', (_id, platform) => {
  it('has a version, and a source with address and day for every value', () => {
    expect(platform.version).toBeGreaterThanOrEqual(1);
    const { sources, ...rest } = platform;
    for (const key of sourcesNamed(rest)) {
      expect(sources[key]).toMatchObject({
        address: expect.stringMatching(/^https?:\/\//),
        read: '2026-11-23',
        status: expect.stringMatching(/^(confirmed|secondary)$/),
      });
    }
  });

  it('says why it reads sources as it does, where it does', () => {
    for (const { requirements } of Object.values(platform.placements)) {
      for (const field of Object.values(requirements)) {
        if (field?.reading) expect(field.reading.reason.length).toBeGreaterThan(20);
      }
    }
  });
});

const claimsOf = (id: string, placement: string, field: string) => {
  const { requirements } = book.find(id)?.placements[placement] ?? expect.fail();
  const { claims } =
    Object.entries(requirements).find(([name]) => name === field)?.[1] ?? expect.fail();
  return claims.map(({ value, source }) => [source, value]);
};

it.each([
  [
    'doordash',
    'item',
    'minimumSize',
    [
      ['DD4', { width: 1400, height: 800 }],
      ['DD5', { width: 1200, height: 800 }],
    ],
  ],
  [
    'doordash',
    'item',
    'maximumBytes',
    [
      ['DD4', 16_000_000],
      ['DD5', 10_000_000],
    ],
  ],
  ['deliveroo', 'cover', 'maximumBytes', [['DR1', 18_000_000]]],
  [
    'google-business',
    'gallery',
    'minimumBytes',
    [
      ['GB2', 10_240],
      ['GB7', 10_240],
    ],
  ],
  [
    'square-online',
    'item',
    'maximumBytes',
    [
      ['SQ1', 15_000_000],
      ['SQ1', 250_000_000],
    ],
  ],
  ['instagram', 'post', 'ratio', [['IG1', ['4:5..1.91:1']]]],
  ['toast', 'item', 'maximumBytes', [['TO1', 160_000]]],
] as const)(
  '%s %s %s is what was read, megabytes of 1,000,000 bytes',
  (id, placement, field, claims) => {
    expect(claimsOf(id, placement, field)).toEqual(claims);
  },
);

it.each(['just-eat', 'wolt', 'foodpanda'])(
  '%s, of which nothing was found, is null throughout',
  (id) => {
    const { placements, ai, sources } = book.find(id) ?? expect.fail();
    expect(
      Object.values(placements).flatMap(({ requirements }) => Object.values(requirements)),
    ).toEqual(Array.from({ length: 10 }, () => null));
    expect(ai).toEqual({ generated: null, edited: null, label: null });
    expect(sources).toEqual({});
  },
);

it('knows which platforms refuse pictures made by AI, and that silence is not consent', () => {
  const stance = (id: string) => book.find(id)?.ai.generated?.map(({ value }) => value) ?? null;
  expect([stance('grubhub'), stance('zomato')]).toEqual([['refused'], ['refused', 'refused']]);
  expect(stance('instagram')).toEqual(['allowed']);
  expect([stance('doordash'), stance('yelp'), stance('deliveroo')]).toEqual([null, null, null]);
});

const RESEARCH = fileURLToPath(new URL('../../../shared/research/platforms.md', import.meta.url));

describe.skipIf(!existsSync(RESEARCH))(
  'beside the notes it was made from (../shared/research)',
  () => {
    const notes = existsSync(RESEARCH) ? readFileSync(RESEARCH, 'utf8') : '';
    const row = (key: string) => notes.split('\n').find((line) => line.startsWith(`| ${key} |`));
    const all: readonly (readonly [string, Source])[] = [
      ...platforms.flatMap(([, platform]: readonly [string, Platform]) =>
        Object.entries(platform.sources),
      ),
      ...Object.entries(book.everywhere.sources),
    ];

    it('every source is in the notes, with its address, and confirmed only where it is official', () => {
      expect(all.length).toBeGreaterThan(60);
      for (const [key, { address, status, isPartial }] of all) {
        const noted = row(key) ?? '';
        expect(noted, key).toContain(address);
        expect(noted.includes('| official'), key).toBe(status === 'confirmed');
        expect(/\(p\)/.test(noted), key).toBe(isPartial);
      }
    });
  },
);
