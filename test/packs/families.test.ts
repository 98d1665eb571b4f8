/** The command line refuses packs that nothing here runs, so its list and the code under src/inference must agree. */
import { expect, it } from 'vitest';
import { FAMILY_NAMES as SEGMENTATION } from '../../src/inference/segmentation/families.ts';
import { FAMILY_NAMES as SUPER_RESOLUTION } from '../../src/inference/super-resolution/families.ts';
import { FAMILIES } from '../../src/packs/families.ts';

it('packs of every family that has code can be installed, and of no other', () => {
  const sorted = (names: readonly string[]) => [...names].sort();
  expect(sorted(FAMILIES.segmentation)).toEqual(sorted(SEGMENTATION));
  expect(sorted(FAMILIES['super-resolution'])).toEqual(sorted(SUPER_RESOLUTION));
});
