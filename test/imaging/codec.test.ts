import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  type DecodeLimits,
  decodePicture,
  encodeGrey,
  encodePicture,
  shrinkPicture,
} from '../../src/imaging/codec.ts';
import { sniffFormat } from '../../src/imaging/source-format.ts';
import { exifOrientation, withJpegSegment } from '../support/odd-pictures.ts';
import { drawPlate, encoded } from '../support/pictures.ts';
import { sharp } from '../support/sharp.ts';

const LIMITS: DecodeLimits = {
  maxPixels: 4_000_000,
  minSidePx: 16,
  maxSidePx: 4000,
  maxAspectRatio: 20,
};

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'garnish-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function decode(file: Buffer, limits = LIMITS) {
  const path = join(scratch(), 'source');
  writeFileSync(path, file);
  return decodePicture(path, limits);
}

describe('PNG', () => {
  test.each([3, 4] as const)('of %d channels comes back byte for byte', async (channels) => {
    const picture = drawPlate(57, 43, channels);
    const back = await decode(await encoded(picture, 'png'));
    expect(back).toMatchObject({ widthPx: 57, heightPx: 43, channels });
    expect(Buffer.compare(back.data, picture.data)).toBe(0);
    expect(back.isTransparent).toBe(channels === 4);
  });

  test('keeps the colours under transparent pixels', async () => {
    const picture = drawPlate(32, 32, 4);
    expect(picture.data[3]).toBe(0);
    const back = await decode(await encoded(picture, 'png'));
    expect([...back.data.subarray(0, 3)]).toEqual([...picture.data.subarray(0, 3)]);
  });

  test('with an alpha channel that hides nothing is not transparent', async () => {
    const picture = drawPlate(32, 32, 4);
    for (let i = 3; i < picture.data.length; i += 4) picture.data[i] = 255;
    const back = await decode(await encoded(picture, 'png'));
    expect(back).toMatchObject({ channels: 4, isTransparent: false });
  });
});

const meanDistance = (a: Uint8Array, b: Uint8Array) =>
  a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0) / a.length;

test.each(['jpg', 'webp'] as const)('%s is close to what was written', async (format) => {
  const picture = drawPlate(64, 48);
  const back = await decode(await encoded(picture, format));
  expect(back).toMatchObject({ widthPx: 64, heightPx: 48, channels: 3, isTransparent: false });
  expect(meanDistance(back.data, picture.data)).toBeLessThan(8);
});

test('WebP keeps alpha exactly; JPEG puts what is transparent on white', async () => {
  const picture = drawPlate(64, 64, 4);
  const alpha = (data: Uint8Array) => data.filter((_, i) => i % 4 === 3);
  const webp = await decode(await encoded(picture, 'webp'));
  expect(Buffer.compare(alpha(webp.data), alpha(picture.data))).toBe(0);
  const jpg = await decode(await encoded(picture, 'jpg'));
  expect(jpg.channels).toBe(3);
  expect(Math.min(...jpg.data.subarray(0, 3))).toBeGreaterThan(245);
});

test('what is told of a written file is true', async () => {
  const path = join(scratch(), 'a.png');
  const { bytes, sha256 } = await encodePicture(drawPlate(40, 30), 'png', path);
  const file = readFileSync(path);
  expect(bytes).toBe(file.length);
  expect(sha256).toBe(createHash('sha256').update(file).digest('hex'));
});

test.each(['jpg', 'png', 'webp'] as const)('a %s is written without metadata', async (format) => {
  const source = withJpegSegment(await encoded(drawPlate(48, 32)), 0xe1, exifOrientation(6));
  const picture = await decode(source);
  const metadata = await sharp(await encoded(picture, format)).metadata();
  expect(metadata).toMatchObject({ width: 32, height: 48 });
  for (const field of ['exif', 'icc', 'iptc', 'xmp', 'comments', 'orientation'] as const) {
    expect(metadata[field]).toBeUndefined();
  }
});

describe('limits', () => {
  const png = (widthPx: number, heightPx: number) => encoded(drawPlate(widthPx, heightPx), 'png');
  test.each([
    ['15x40', 15, 40, 'sides of 16 to 4000 pixels, received 15x40'],
    ['4001x300', 4001, 300, 'sides of 16 to 4000 pixels, received 4001x300'],
    ['16x321', 16, 321, 'at most 20 times as long as it is wide, received 16x321'],
    ['2100x2000', 2100, 2000, 'at most 4000000 pixels, received 2100x2000'],
  ])('%s is refused by name', async (_name, width, height, sentence) => {
    await expect(decode(await png(width, height))).rejects.toThrow(sentence);
  });

  test.each([
    [16, 16],
    [16, 320],
    [4000, 200],
  ])('%dx%d is inside', async (width, height) => {
    expect(await decode(await png(width, height))).toMatchObject({ widthPx: width });
  });
});

describe('damaged', () => {
  test.each(['jpg', 'png', 'webp'] as const)('half a %s is refused', async (format) => {
    const whole = await encoded(drawPlate(64, 48), format);
    await expect(decode(whole.subarray(0, whole.length / 2))).rejects.toThrow(/damaged/);
  });

  test('an empty file, text and HEIC are told apart', async () => {
    await expect(decode(Buffer.alloc(0))).rejects.toThrow('The picture is empty.');
    await expect(decode(Buffer.from('hello'))).rejects.toThrow(/Expected a JPEG, PNG/);
    await expect(decode(Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1'))).rejects.toThrow(
      /Convert the picture to JPEG/,
    );
  });
});

describe('the first bytes', () => {
  test.each([
    ['jpeg', 'ffd8ffe0'],
    ['png', '89504e470d0a1a0a'],
    ['gif', Buffer.from('GIF89a').toString('hex')],
    ['tiff', '49492a00'],
    ['tiff', '4d4d002a'],
    ['webp', Buffer.from('RIFF\x01\x01\x01\x01WEBP').toString('hex')],
    ['avif', Buffer.from('\0\0\0\x18ftypavif').toString('hex')],
    ['avif', Buffer.from('\0\0\0\x18ftypmif1\0\0\0\0avifmiaf').toString('hex')],
    ['heic', Buffer.from('\0\0\0\x18ftypmif1\0\0\0\0heic').toString('hex')],
    [undefined, Buffer.from('\0\0\0\x18ftypisom').toString('hex')],
    [undefined, Buffer.from('<svg xmlns=""/>').toString('hex')],
    [undefined, Buffer.from('BM').toString('hex')],
    [undefined, 'ffd8'],
    [undefined, ''],
  ])('say %s', (format, hex) => {
    expect(sniffFormat(Buffer.from(hex, 'hex'))).toBe(format);
  });
});

test('a reduced picture has the size asked for, no alpha, and its mean', async () => {
  const picture = drawPlate(90, 60, 4);
  const small = await shrinkPicture(picture, { widthPx: 31, heightPx: 7 });
  expect(small).toMatchObject({ widthPx: 31, heightPx: 7, channels: 3 });
  const mean = (data: Uint8Array) => data.reduce((sum, value) => sum + value, 0) / data.length;
  const rgb = picture.data.filter((_, i) => i % 4 !== 3);
  expect(Math.abs(mean(small.data) - mean(rgb))).toBeLessThan(4);
});

test('a plane is written as a picture of one channel', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'garnish-grey-'));
  const path = join(folder, 'mask.png');
  const plane = Uint8Array.from({ length: 64 }, (_, i) => i * 4);
  await encodeGrey(plane, { widthPx: 8, heightPx: 8 }, 'png', path);
  const written = sharp(readFileSync(path));
  expect(await written.metadata()).toMatchObject({ channels: 1, space: 'b-w' });
  // Without the colour space named, sharp decodes a grey file to three equal channels.
  const data = await written.toColourspace('b-w').raw().toBuffer();
  expect([...data]).toEqual([...plane]);
  rmSync(folder, { recursive: true });
});
