/** One value for each field of a profile, where sources may give several. */
import { describe, expect, it } from 'vitest';
import { demandsOf } from '../../src/platforms/demands.ts';
import { PlatformBook } from '../../src/platforms/platform-book.ts';

const book = PlatformBook.load();

function demandsFor(id: string, placement: string) {
  const found = book.find(id)?.placements[placement];
  if (found === undefined) throw new Error(`There is no ${id}/${placement}.`);
  return demandsOf(found);
}

describe('demandsOf', () => {
  it('goes by the reading where sources differ', () => {
    expect(demandsFor('doordash', 'item').ratios).toEqual([{ least: 16 / 9, most: 16 / 9 }]);
    expect(demandsFor('square-online', 'item').maximumBytes).toBe(15_000_000);
  });

  it('takes what most of the sources allow', () => {
    // One source allows 1:2 to 2:1, three say 16:9, which lies within.
    expect(demandsFor('google-business', 'cover').ratios).toContainEqual({
      least: 16 / 9,
      most: 16 / 9,
    });
    for (const { least, most } of demandsFor('google-business', 'cover').ratios ?? []) {
      expect([least, most]).toEqual([16 / 9, 16 / 9]);
    }
  });

  it('leaves out limits of services in between where the platform has its own', () => {
    const { ratios, maximumBytes, maximumSize, formats } = demandsFor('uber-eats', 'item');
    expect(ratios).toEqual([{ least: 1.25, most: 1.5 }]);
    expect([maximumBytes, maximumSize]).toEqual([10_000_000, { width: 6000, height: 6000 }]);
    expect(formats).toEqual(['jpeg', 'png']);
  });

  it('demands nothing that no source says', () => {
    expect(demandsFor('foodpanda', 'item')).toEqual({});
  });

  it('can be met on every place of every platform', () => {
    for (const { id, placements } of book.all) {
      for (const [name, placement] of Object.entries(placements)) {
        const { formats = ['jpeg'], ratios = [] } = demandsOf(placement);
        expect(
          formats.some((one) => ['jpeg', 'png', 'webp'].includes(one)),
          `${id}/${name}`,
        ).toBe(true);
        for (const { least, most } of ratios) expect(least).toBeLessThanOrEqual(most);
      }
    }
  });
});
