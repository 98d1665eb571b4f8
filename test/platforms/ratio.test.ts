/** Ratios, their tolerance, and crops. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { cropTo, hasRatio, nearestRatio } from '../../src/platforms/ratio.ts';

const size = (widthPx: number, heightPx: number) => ({ widthPx, heightPx });

it.each([
  [1920, 1080, '16:9', true],
  [1366, 768, '16:9', true],
  [1400, 800, '16:9', true],
  [1500, 1000, '16:9', false],
  [1080, 1920, '16:9', false],
  [1280, 1000, '5:4..6:4', true],
  [1200, 1000, '5:4..6:4', false],
  [1200, 1000, '1:1', false],
  [1080, 1350, '4:5..1.91:1', true],
  [1080, 566, '4:5..1.91:1', true],
  [1080, 1440, '4:5..1.91:1', false],
  [2000, 1000, '1:2..2:1', true],
  [2100, 1000, '1:2..2:1', false],
])('%i x %i as %s: %s', (width, height, ratio, fits) => {
  expect(hasRatio(size(width, height), ratio)).toBe(fits);
});

it('crops to the ratio, or to the nearer end of a range', () => {
  expect(cropTo(size(1500, 1000), '16:9')).toEqual(size(1500, 844));
  expect(cropTo(size(1000, 1500), '1:1')).toEqual(size(1000, 1000));
  expect(cropTo(size(1080, 1920), '4:5..1.91:1')).toEqual(size(1080, 1350));
  expect(cropTo(size(3000, 1000), '4:5..1.91:1')).toEqual(size(1910, 1000));
});

it('chooses the ratio that takes the least away', () => {
  expect(nearestRatio(size(1000, 1100), ['9:16', '16:9', '1:1'])).toBe('1:1');
  expect(nearestRatio(size(1000, 1900), ['9:16', '16:9', '1:1'])).toBe('9:16');
});

it('a crop lies inside the picture and has the ratio, whatever the picture', () => {
  const side = fc.integer({ min: 200, max: 8000 });
  const ratio = fc.constantFrom('16:9', '9:16', '1:1', '4:5..1.91:1', '851:315', '5:4..6:4');
  fc.assert(
    fc.property(side, side, ratio, (widthPx, heightPx, text) => {
      const crop = cropTo({ widthPx, heightPx }, text);
      expect(crop.widthPx).toBeLessThanOrEqual(widthPx);
      expect(crop.heightPx).toBeLessThanOrEqual(heightPx);
      expect(hasRatio(crop, text)).toBe(true);
    }),
  );
});
