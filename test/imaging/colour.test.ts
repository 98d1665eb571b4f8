/** Colours in and out: every source becomes 8-bit sRGB, upright; results carry nothing of what came with it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { decodePicture, encodePicture } from '../../src/imaging/codec.ts';
import { ADOBE_RGB, matrixProfile } from '../support/icc.ts';
import { exifOrientation, withJpegSegment } from '../support/odd-pictures.ts';
import { paint } from '../support/pictures.ts';
import { sharp } from '../support/sharp.ts';

const LIMITS = { maxPixels: 4e7, minSidePx: 16, maxSidePx: 8192, maxAspectRatio: 20 };
const folder = mkdtempSync(join(tmpdir(), 'garnish-colour-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Six colours of food and plates, each a block of 16 pixels: all within every space that is tried. */
const COLOURS = [
  [200, 60, 40],
  [90, 140, 50],
  [235, 225, 205],
  [120, 70, 30],
  [40, 45, 60],
  [128, 128, 128],
] as const;
const SIZE = { widthPx: 96, heightPx: 32 };
const chart = paint(SIZE, (x) => COLOURS[Math.floor(x / 16)] ?? [0, 0, 0]);
const raw = () =>
  sharp(chart.data, { raw: { width: SIZE.widthPx, height: SIZE.heightPx, channels: 3 } });

/** The middle of each block. */
const blocksOf = (data: Uint8Array, channels = 3) =>
  COLOURS.map((_, i) => [...data.subarray((16 * 96 + i * 16 + 8) * channels).subarray(0, 3)]);

async function decoded(bytes: Buffer) {
  const path = join(folder, 'source');
  await writeFile(path, bytes);
  return decodePicture(path, LIMITS);
}

/** Largest difference to the chart. */
const farthest = (blocks: readonly (readonly number[])[]) =>
  Math.max(
    ...blocks.flatMap((block, i) => block.map((v, c) => Math.abs(v - (COLOURS[i]?.[c] ?? 0)))),
  );

/** What is stored, whatever the profile says it means. */
const stored = async (bytes: Buffer) => {
  const { data, info } = await sharp(bytes, { ignoreIcc: true }).raw().toBuffer({
    resolveWithObject: true,
  });
  return { blocks: blocksOf(data, info.channels), channels: info.channels };
};

describe('profiles', () => {
  it('Display P3 comes back as sRGB', async () => {
    const bytes = await raw().withIccProfile('p3').png().toBuffer();
    expect(farthest((await stored(bytes)).blocks)).toBeGreaterThan(8);
    expect(farthest(blocksOf((await decoded(bytes)).data))).toBeLessThanOrEqual(2);
  });

  it('Adobe RGB comes back as sRGB', async () => {
    const profile = join(folder, 'adobe.icc');
    await writeFile(profile, matrixProfile(ADOBE_RGB));
    const bytes = await raw().withIccProfile(profile).png().toBuffer();
    // Red 200,60,40 of sRGB is 174,63,45 in Adobe RGB by the published matrices.
    const [red = []] = (await stored(bytes)).blocks;
    for (const [i, level] of [174, 63, 45].entries()) {
      expect(Math.abs((red[i] ?? 0) - level)).toBeLessThanOrEqual(3);
    }
    const picture = await decoded(bytes);
    expect(farthest(blocksOf(picture.data))).toBeLessThanOrEqual(2);
  });

  it('CMYK comes back as sRGB, as near as the ink allows', async () => {
    const bytes = await raw().withIccProfile('cmyk').jpeg({ quality: 100 }).toBuffer();
    expect(await sharp(bytes).metadata()).toMatchObject({ space: 'cmyk', channels: 4 });
    const { data, channels } = await decoded(bytes);
    expect(channels).toBe(3);
    expect(farthest(blocksOf(data))).toBeLessThan(40);
  });

  it('without a profile pixels are taken for sRGB', async () => {
    expect(farthest(blocksOf((await decoded(await raw().png().toBuffer())).data))).toBe(0);
  });
});

describe('depth and channels', () => {
  it.each(['png', 'tiff'] as const)('16 bits of %s become 8', async (format) => {
    const deep = Uint16Array.from(chart.data, (level) => level * 257);
    const source = sharp(deep, { raw: { width: 96, height: 32, channels: 3 } });
    const bytes = await source.toColourspace('rgb16').toFormat(format).toBuffer();
    expect(farthest(blocksOf((await decoded(bytes)).data))).toBeLessThanOrEqual(1);
  });

  it.each([false, true])('grey becomes three equal channels (16 bits: %s)', async (isDeep) => {
    const levels = Uint8Array.from({ length: 96 * 32 }, (_, i) => (i % 96) * 2);
    const shape = { raw: { width: 96, height: 32, channels: 1 as const } };
    const source = isDeep
      ? sharp(
          Uint16Array.from(levels, (level) => level * 257),
          shape,
        ).toColourspace('grey16')
      : sharp(levels, shape).toColourspace('b-w');
    const { data, channels } = await decoded(await source.png().toBuffer());
    expect(channels).toBe(3);
    for (const x of [4, 40, 90]) {
      for (const c of [0, 1, 2])
        expect(Math.abs((data[x * 3 + c] ?? 0) - x * 2)).toBeLessThanOrEqual(1);
    }
  });
});

describe('orientation', () => {
  /** Red, green, blue and white in the corners of an upright picture. */
  const upright = paint({ widthPx: 64, heightPx: 32 }, (x, y) =>
    y < 16 ? (x < 32 ? [220, 20, 20] : [20, 180, 20]) : x < 32 ? [20, 20, 220] : [240, 240, 240],
  );
  /** How the stored pixels lie for each value of the tag: EXIF 2.3, 4.6.4.A. */
  const turns: Readonly<Record<number, (image: ReturnType<typeof sharp>) => typeof image>> = {
    1: (image) => image,
    2: (image) => image.flop(),
    3: (image) => image.rotate(180),
    4: (image) => image.flip(),
    5: (image) => image.rotate(270).flop(),
    6: (image) => image.rotate(270),
    7: (image) => image.rotate(90).flop(),
    8: (image) => image.rotate(90),
  };

  it.each(Object.keys(turns).map(Number))('%i is set upright', async (value) => {
    const { data, widthPx: width, heightPx: height } = upright;
    const image = sharp(data, { raw: { width, height, channels: 3 } });
    const turned = await turns[value]?.(image).jpeg({ quality: 95 }).toBuffer();
    const bytes = withJpegSegment(turned ?? Buffer.alloc(0), 0xe1, exifOrientation(value));
    const picture = await decoded(bytes);
    expect([picture.widthPx, picture.heightPx]).toEqual([64, 32]);
    const at = (x: number, y: number) => [
      ...picture.data.subarray((y * 64 + x) * 3).subarray(0, 3),
    ];
    const wanted = [
      [8, 8, 220, 20, 20],
      [56, 8, 20, 180, 20],
      [8, 24, 20, 20, 220],
      [56, 24, 240, 240, 240],
    ] as const;
    for (const [x, y, ...colour] of wanted) {
      for (const [c, level] of at(x, y).entries()) {
        expect(Math.abs(level - (colour[c] ?? 0)), `${x},${y}`).toBeLessThan(12);
      }
    }
  });
});

describe('results', () => {
  const hasNothing = async (bytes: Buffer) => {
    const { exif, icc, iptc, xmp, comments } = await sharp(bytes).metadata();
    expect([exif, icc, iptc, xmp, comments]).toEqual(Array(5).fill(undefined));
  };

  it.each(['jpg', 'png', 'webp'] as const)(
    'as %s carry nothing of their source',
    async (format) => {
      const exif = {
        IFD0: { Copyright: 'Somebody', Artist: 'Cook' },
        IFD3: { GPSLatitude: '1/1 2/1 3/1' },
      };
      const source = await raw()
        .withIccProfile('p3')
        .withExif(exif)
        .withXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/">secret</x:xmpmeta>')
        .jpeg()
        .toBuffer();
      expect(source.includes('Somebody')).toBe(true);
      const path = join(folder, `out.${format}`);
      await encodePicture(await decoded(source), format, path);
      const bytes = await readFile(path);
      await hasNothing(bytes);
      for (const word of ['Somebody', 'Cook', 'secret']) expect(bytes.includes(word)).toBe(false);
    },
  );

  it('for print tell the dots an inch and that they are sRGB, and no more', async () => {
    const path = join(folder, 'print.jpg');
    await encodePicture(chart, 'jpg', path, { dotsPerInch: 300 });
    const { density, icc, exif = Buffer.alloc(0), xmp, iptc } = await sharp(path).metadata();
    expect([density, xmp, iptc]).toEqual([300, undefined, undefined]);
    expect(icc?.includes(Buffer.from('sRGB', 'utf16le').swap16()) || icc?.includes('sRGB')).toBe(
      true,
    );
    expect(exif.length).toBeLessThan(250); // resolution and the version of EXIF
    expect(farthest(blocksOf(await sharp(path).raw().toBuffer()))).toBeLessThanOrEqual(4);
  });
});
