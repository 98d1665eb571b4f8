/** Discs in a frame: whole, at an edge, and none. */
import { expect, it } from 'vitest';
import { subjectFrameOf } from '../../src/imaging/subject-frame.ts';

const SIZE = { widthPx: 200, heightPx: 100 };

/** A disc of radius 30 px. */
const disc = (centreX: number, centreY: number) =>
  Float32Array.from({ length: 200 * 100 }, (_, i) =>
    Math.hypot((i % 200) + 0.5 - centreX, Math.floor(i / 200) + 0.5 - centreY) < 30 ? 1 : 0,
  );

it('finds a disc in the middle, free of every side', () => {
  const frame = subjectFrameOf(disc(100, 50), SIZE) ?? expect.fail();
  expect(frame.areaShare).toBeCloseTo((Math.PI * 30 ** 2) / 20_000, 2);
  expect(frame.box).toEqual({ left: 0.35, top: 0.2, right: 0.65, bottom: 0.8 });
  expect(frame.touches).toEqual({ left: 0, top: 0, right: 0, bottom: 0 });
});

it.each([
  ['left', 0, 50, 0.6],
  ['right', 200, 50, 0.6],
  ['top', 100, 0, 0.3],
  ['bottom', 100, 100, 0.3],
] as const)('tells how much of the %s side it lies on', (side, x, y, share) => {
  const { touches } = subjectFrameOf(disc(x, y), SIZE) ?? expect.fail();
  expect(touches[side]).toBeCloseTo(share, 1);
  const others = Object.entries(touches).filter(([name]) => name !== side);
  expect(others.map(([, touched]) => touched)).toEqual([0, 0, 0]);
});

it('a disc that ends within the outermost hundredth touches, one a little further in does not', () => {
  const touchesRight = (x: number) => subjectFrameOf(disc(x, 50), SIZE)?.touches.right;
  expect(touchesRight(169)).toBeGreaterThan(0);
  expect(touchesRight(167)).toBe(0);
});

it('finds nothing in an empty or faint matte', () => {
  expect(subjectFrameOf(new Float32Array(20_000), SIZE)).toBeUndefined();
  expect(subjectFrameOf(new Float32Array(20_000).fill(0.5), SIZE)).toBeUndefined();
});
