import { expect, it } from 'vitest';
import { changesBetween } from '../../src/imaging/change-map.ts';
import { colourDifference, labOf } from '../../src/imaging/colour-difference.ts';
import { paint } from '../support/pictures.ts';

const SIZE = { widthPx: 40, heightPx: 10 };
const before = paint(SIZE, () => [200, 120, 60]);

it('is black where nothing was changed', () => {
  const { map, mean, percentile95 } = changesBetween(before, before);
  expect([Math.max(...map), mean, percentile95]).toEqual([0, 0, 0]);
});

it('shows where and how much was changed', () => {
  const after = paint(SIZE, (x) => (x < 10 ? [120, 160, 60] : [200, 120, 60]));
  const { map, mean, percentile95 } = changesBetween(before, after);
  const difference = colourDifference(labOf(200, 120, 60), labOf(120, 160, 60));
  expect(mean).toBeCloseTo(difference / 4, 2);
  expect(percentile95).toBeCloseTo(difference, 2);
  expect([map[5], map[15]]).toEqual([Math.min(255, Math.round((difference / 20) * 255)), 0]);
});
