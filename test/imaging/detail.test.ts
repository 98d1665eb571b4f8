/** What is done to the detail of a picture: sharpening without seams, local contrast without glow. */
import { describe, expect, it } from 'vitest';
import { changeLocalContrast } from '../../src/imaging/local-contrast.ts';
import type { Picture } from '../../src/imaging/picture.ts';
import { sharpen } from '../../src/imaging/sharpen.ts';
import { distance, paint } from '../support/pictures.ts';

const SIZE = { widthPx: 192, heightPx: 144 };
const flat = paint(SIZE, () => [120, 90, 60]);
/** Dark on the left, light on the right, soft between. */
const edge = paint(SIZE, (x) => {
  const level = 60 + 120 / (1 + Math.exp((96 - x) / 0.8));
  return [level, level, level];
});
const extremesOf = ({ data }: Picture) => [Math.min(...data), Math.max(...data)] as const;
const rowOf = ({ data, widthPx }: Picture, y: number) =>
  Array.from({ length: widthPx }, (_, x) => data[(y * widthPx + x) * 3] as number);
const steepest = (row: readonly number[]) =>
  Math.max(...row.slice(1).map((level, i) => level - (row[i] as number)));

describe('sharpen', () => {
  it('makes an edge steeper without a seam on either side', () => {
    const sharp = sharpen(edge, { amount: 1, threshold: 1 });
    expect(steepest(rowOf(sharp, 70))).toBeGreaterThan(1.15 * steepest(rowOf(edge, 70)));
    const [least, greatest] = extremesOf(edge);
    const [darkest, lightest] = extremesOf(sharp);
    expect(darkest).toBeGreaterThanOrEqual(least - 4);
    expect(lightest).toBeLessThanOrEqual(greatest + 4);
  });

  it('adds nothing to what is flat, nor to noise below the threshold', () => {
    expect(distance(sharpen(flat, { amount: 1, threshold: 1 }), flat)).toBe(0);
    const grain = paint(SIZE, (x, y) => [
      120 + ((x + y) % 2),
      90 + ((x + y) % 2),
      60 + ((x + y) % 2),
    ]);
    expect(distance(sharpen(grain, { amount: 1, threshold: 2 }), grain)).toBe(0);
  });

  it('moves no hue: the same is added to every channel', () => {
    const coloured = paint(SIZE, (x) => [150 + (x % 9), 90 + (x % 9), 60 + (x % 9)]);
    const { data } = sharpen(coloured, { amount: 1, threshold: 1 });
    const steps = new Set(data.map((level, i) => level - (data[i - (i % 3)] as number) + 200));
    expect([...steps].sort()).toEqual([110, 140, 200]); // 90 and 60 below red, everywhere
  });
});

describe('changeLocalContrast', () => {
  const ripple = paint(SIZE, (x, y) => {
    const level = 120 + 12 * Math.sin(x / 1.5) * Math.sin(y / 1.5);
    return [level, level, level];
  });
  const spread = (picture: Picture) =>
    distance(
      picture,
      paint(SIZE, () => [120, 120, 120]),
    );

  it('raises and lowers the drawing by the share that is asked for', () => {
    expect(spread(changeLocalContrast(ripple, 0.5)) / spread(ripple)).toBeCloseTo(1.5, 1);
    expect(spread(changeLocalContrast(ripple, -0.3)) / spread(ripple)).toBeCloseTo(0.7, 1);
  });

  it('gives a strong edge no glow', () => {
    const raised = rowOf(changeLocalContrast(edge, 0.5), 70);
    for (const [x, level] of rowOf(edge, 70).entries()) {
      if (Math.abs(x - 96) > 12)
        expect(Math.abs((raised[x] as number) - level)).toBeLessThanOrEqual(6);
    }
  });

  it('clips neither black nor white, and leaves what is flat', () => {
    expect(distance(changeLocalContrast(flat, 1), flat)).toBe(0);
    const light = paint(SIZE, (x, y) => Array(3).fill(243 + 6 * Math.sin(x) * Math.sin(y)));
    const [, lightest] = extremesOf(changeLocalContrast(light, 1));
    expect(lightest).toBeLessThan(255);
  });
});
