import { describe, expect, test } from 'vitest';
import { type Markable, watermark } from '../../src/imaging/watermark.ts';

type Channels = Markable['channels'];

/** One colour all over, with this alpha where there is alpha. */
function plain(
  [widthPx, heightPx]: readonly [number, number],
  channels: Channels,
  { level = 128, alpha = 255 } = {},
): Markable {
  const data = new Uint8Array(widthPx * heightPx * channels).fill(level);
  if (channels === 4) for (let i = 3; i < data.length; i += 4) data[i] = alpha;
  return { data, widthPx, heightPx, channels };
}

function marked(picture: Markable): Markable {
  const copy = { ...picture, data: Uint8Array.from(picture.data) };
  watermark(copy);
  return copy;
}

/** Part of the pixels that differ, and the mean difference of their bytes. */
function difference(before: Markable, after: Markable) {
  const { channels } = before;
  const pixels = before.widthPx * before.heightPx;
  let changed = 0;
  let sum = 0;
  for (let pixel = 0; pixel < pixels; pixel += 1) {
    let own = 0;
    for (let i = pixel * channels; i < (pixel + 1) * channels; i += 1) {
      own += Math.abs((after.data[i] ?? 0) - (before.data[i] ?? 0));
    }
    if (own > 0) changed += 1;
    sum += own;
  }
  return { changed: changed / pixels, mean: sum / before.data.length };
}

const SIZES = [
  [16, 16],
  [16, 320],
  [64, 48],
  [641, 427],
  [8192, 410],
  [410, 8192],
] as const;
const CASES = SIZES.flatMap((size) =>
  ([1, 3, 4] as const).flatMap((channels) =>
    [0, 90, 255].map((level) => ({ size, channels, level })),
  ),
);

test.each(CASES)(
  'is seen on $size pixels of $channels channels at level $level, and leaves most as it is',
  ({ size, channels, level }) => {
    const before = plain(size, channels, { level });
    const { changed, mean } = difference(before, marked(before));
    expect(changed).toBeGreaterThan(0.04);
    expect(changed).toBeLessThan(0.6);
    expect(mean).toBeGreaterThan(1);
    expect(mean).toBeLessThan(60);
  },
);

test('the same picture is always marked in the same way', () => {
  const picture = plain([300, 200], 3);
  expect(Buffer.compare(marked(picture).data, marked(picture).data)).toBe(0);
});

test('is spread over the picture: each ninth of it is marked', () => {
  const before = plain([900, 600], 3);
  const after = marked(before);
  for (let ninth = 0; ninth < 9; ninth += 1) {
    let changed = 0;
    for (let i = 0; i < 300 * 200; i += 1) {
      const x = (ninth % 3) * 300 + (i % 300);
      const y = Math.floor(ninth / 3) * 200 + Math.floor(i / 300);
      if (after.data[(y * 900 + x) * 3] !== 128) changed += 1;
    }
    expect(changed / (300 * 200), `ninth ${ninth}`).toBeGreaterThan(0.08);
  }
});

test('scales with the picture: at twice the size the same part is marked', () => {
  const shares = [1, 2].map((scale) => {
    const before = plain([800 * scale, 600 * scale], 1, { level: 0 });
    return difference(before, marked(before)).mean;
  });
  expect(Math.abs((shares[0] ?? 0) - (shares[1] ?? 0))).toBeLessThan(0.5);
});

test('is light and dark on grey, so that one of the two is seen on any ground', () => {
  const { data } = marked(plain([400, 300], 3));
  const levels = new Set(data);
  expect(Math.max(...levels)).toBeGreaterThan(180);
  expect(Math.min(...levels)).toBeLessThan(95);
});

describe('a cutout', () => {
  test('has the mark on its visible part without becoming more transparent', () => {
    const before = plain([400, 300], 4);
    const after = marked(before);
    const withoutAlpha = difference(plain([400, 300], 3), marked(plain([400, 300], 3)));
    expect(difference(before, after).changed).toBe(withoutAlpha.changed);
    expect(after.data.every((value, i) => i % 4 !== 3 || value === 255)).toBe(true);
  });

  test('has a lighter mark where it is transparent, and nothing between the letters', () => {
    const { data } = marked(plain([400, 300], 4, { level: 0, alpha: 0 }));
    let inked = 0;
    let strongest = 0;
    let stray = 0;
    for (let i = 0; i < data.length; i += 4) {
      const [red = 1, green = 1, blue = 1, alpha = 1] = data.subarray(i, i + 4);
      if (alpha > 0) inked += 1;
      else stray += red + green + blue;
      strongest = Math.max(strongest, alpha);
    }
    expect(stray).toBe(0);
    expect(strongest).toBeLessThan(80);
    expect(inked / (400 * 300)).toBeGreaterThan(0.1);
    expect(inked / (400 * 300)).toBeLessThan(0.35);
  });
});

test.each([0, 255])('no threshold brings a mask of level %i back', (level) => {
  const { data } = marked(plain([400, 300], 1, { level }));
  const turned = data.filter((value) => value >= 128 !== level >= 128).length;
  expect(turned / data.length).toBeGreaterThan(0.08);
});
