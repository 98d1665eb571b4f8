/**
 * Unusual files of other makers, which a check-out may have beside it in `../shared/data/photos/odd`;
 * without them this file is skipped and says so.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { decodePicture } from '../../src/imaging/codec.ts';

const FOLDER = fileURLToPath(new URL('../../../shared/data/photos/odd/', import.meta.url));
const isHere = existsSync(FOLDER);
if (!isHere) process.stderr.write(`codec-odd: skipped, there is no folder ${FOLDER}\n`);

const LIMITS = { maxPixels: 40_000_000, minSidePx: 16, maxSidePx: 8192, maxAspectRatio: 20 };
const decode = (name: string) => decodePicture(join(FOLDER, name), LIMITS);

describe.skipIf(!isHere)('odd files', () => {
  test.each([
    ['photo.heic', /HEIC/],
    ['photo.bmp', /Expected a JPEG/],
    ['vector.svg', /Expected a JPEG/],
    ['not-an-image.jpg', /Expected a JPEG/],
    ['empty.jpg', /empty/],
    ['header-only.png', /damaged/],
    ['truncated.jpg', /damaged/],
    ['one-pixel.png', /sides of 16 to 8192 pixels, received 1x1/],
    ['tiny-7x5.jpg', /received 7x5/],
    ['aspect-75to1.jpg', /20 times as long/],
    ['bomb-30000x30000.png', /received 30000x30000/],
  ])('%s is refused', async (name, sentence) => {
    await expect(decode(name)).rejects.toThrow(sentence);
  });

  test.each([
    ['cmyk.jpg', 3],
    ['cmyk-icc.jpg', 3],
    ['icc-display-p3.jpg', 3],
    ['gray.jpg', 3],
    ['progressive.jpg', 3],
    ['mozjpeg.jpg', 3],
    ['exif-gps.jpg', 3],
    ['rgb16.png', 3],
    ['gray16.png', 3],
    ['rgb16.tif', 3],
    ['lzw.tif', 3],
    ['rgba.png', 4],
    ['gray-alpha.png', 4],
    ['palette.png', 3],
    ['palette-transparent.png', 4],
    ['interlaced.png', 3],
    ['animated.webp', 3],
    ['lossless-alpha.webp', 4],
    ['photo.avif', 3],
    ['10bit.avif', 3],
    ['odd-333x251.jpg', 3],
    ['png-named.jpg', 3],
  ])('%s is read with %d channels', async (name, channels) => {
    const picture = await decode(name);
    expect(picture.channels).toBe(channels);
    expect(picture.data).toHaveLength(picture.widthPx * picture.heightPx * channels);
    expect(new Set(picture.data).size).toBeGreaterThan(8);
  });

  test.each(['still.gif', 'animated.gif'])('of %s the first frame is read', async (name) => {
    const { widthPx, heightPx } = await decode(name);
    expect(widthPx).toBeGreaterThanOrEqual(heightPx);
  });

  test('all eight orientations give the same upright picture', async () => {
    const upright = await decode('exif-orientation-1.jpg');
    expect(upright).toMatchObject({ widthPx: 640, heightPx: 360 });
    for (let i = 2; i <= 8; i += 1) {
      const turned = await decode(`exif-orientation-${i}.jpg`);
      expect(turned).toMatchObject({ widthPx: 640, heightPx: 360 });
      const distance = turned.data.reduce(
        (sum, value, at) => sum + Math.abs(value - upright.data[at]!),
        0,
      );
      expect(distance / turned.data.length).toBeLessThan(6);
    }
  });
});
