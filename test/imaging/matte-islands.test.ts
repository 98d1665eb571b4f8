import { expect, test } from 'vitest';
import { dropIslands } from '../../src/imaging/matte-islands.ts';

const SIZE = { widthPx: 100, heightPx: 80 };

/** A matte with discs of a strength. */
function discs(
  ...list: readonly (readonly [x: number, y: number, radius: number, alpha: number])[]
) {
  const matte = new Float32Array(SIZE.widthPx * SIZE.heightPx);
  for (const [x, y, radius, alpha] of list) {
    for (let i = 0; i < matte.length; i += 1) {
      const distance = Math.hypot((i % 100) - x, Math.floor(i / 100) - y);
      if (distance <= radius) matte[i] = Math.max(matte[i] ?? 0, alpha);
    }
  }
  return matte;
}

test('a small island and a faint smear away from the subject are dropped', () => {
  const subject = discs([40, 40, 20, 1]);
  const cleaned = dropIslands(discs([40, 40, 20, 1], [85, 10, 2, 1], [85, 60, 8, 0.3]), SIZE);
  expect(cleaned).toEqual(subject);
});

test('soft edges of the subject stay', () => {
  const soft = discs([40, 40, 22, 0.4], [40, 40, 20, 1]);
  expect(dropIslands(soft, SIZE)).toEqual(soft);
});

test('several subjects stay', () => {
  const cookies = discs([20, 20, 10, 1], [70, 20, 9, 0.9], [45, 60, 8, 1]);
  expect(dropIslands(cookies, SIZE)).toEqual(cookies);
});

test('a matte in which nothing was found is left as it is', () => {
  const faint = discs([40, 40, 20, 0.2]);
  expect(dropIslands(faint, SIZE)).toEqual(faint);
});
