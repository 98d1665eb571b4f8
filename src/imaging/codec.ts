/**
 * Decoding and encoding: the only file that imports sharp. Sources come from strangers, so the
 * format is told by its first bytes, only the loaders of those formats are switched on, and every
 * limit is checked from the header before a pixel is decoded.
 */
import { open } from 'node:fs/promises';
import sharp, { type Metadata, type Sharp, type SharpOptions } from 'sharp';
import { type EncodedFile, hashFile } from './encoded-file.ts';
import { hasTransparency, type Picture, type Size, withoutAlpha } from './picture.ts';
import { type ReadableFormat, sniffFormat } from './source-format.ts';

/** Limits a source must keep. */
export interface DecodeLimits {
  readonly maxPixels: number;
  readonly minSidePx: number;
  readonly maxSidePx: number;
  readonly maxAspectRatio: number;
}

/** A picture that cannot be used; the message is for the caller. */
export class PictureError extends Error {
  override readonly name = 'PictureError';
}

/** A decoded source. */
export interface DecodedPicture extends Picture {
  /** Whether any pixel is not fully opaque. */
  readonly isTransparent: boolean;
  readonly file: SourceFile;
}

/** What the file says of itself. */
export interface SourceFile {
  readonly format: ReadableFormat;
  /** Colour space of its pixels, as libvips calls it: `srgb`, `cmyk`, `b-w`, `rgb16` and others. */
  readonly space: string;
  /** Embedded ICC profile. */
  readonly profile: Buffer | undefined;
}

const HEADER_BYTES = 32;
const DECODE_TIMEOUT_S = 15;
const MAX_CHANNELS = 4;
const JPEG_QUALITY = 92;
const WEBP_QUALITY = 90;
/** Beyond it a photograph's cutout takes far more time and hardly less room. */
const PNG_LEVEL = 4;

sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: [
    'VipsForeignLoadJpegFile',
    'VipsForeignLoadPngFile',
    'VipsForeignLoadWebpFile',
    'VipsForeignLoadHeifFile',
    'VipsForeignLoadTiffFile',
    'VipsForeignLoadNsgifFile',
  ],
});
sharp.cache(false);
sharp.concurrency(1); // the engine's workers are the parallelism

const sourceOptions = (limits: DecodeLimits): SharpOptions => ({
  failOn: 'warning',
  limitInputPixels: limits.maxPixels,
  limitInputChannels: MAX_CHANNELS + 1, // CMYK with alpha is read and then refused by name
  unlimited: false,
  sequentialRead: true,
  pages: 1,
  autoOrient: true,
});

async function readHeader(path: string): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function assertFormat(path: string): Promise<ReadableFormat> {
  const header = await readHeader(path);
  if (header.length === 0) throw new PictureError('The picture is empty.');
  const format = sniffFormat(header);
  if (format === 'heic') {
    throw new PictureError('HEIC pictures cannot be read here. Convert the picture to JPEG first.');
  }
  if (format === undefined) {
    throw new PictureError('Expected a JPEG, PNG, WebP, AVIF, TIFF or GIF picture.');
  }
  return format;
}

function assertLimits(size: Size, limits: DecodeLimits): void {
  const { widthPx, heightPx } = size;
  const short = Math.min(widthPx, heightPx);
  const long = Math.max(widthPx, heightPx);
  const got = `received ${widthPx}x${heightPx}`;
  if (short < limits.minSidePx || long > limits.maxSidePx) {
    throw new PictureError(
      `Expected a picture with sides of ${limits.minSidePx} to ${limits.maxSidePx} pixels, ${got}.`,
    );
  }
  if (widthPx * heightPx > limits.maxPixels) {
    throw new PictureError(`Expected a picture of at most ${limits.maxPixels} pixels, ${got}.`);
  }
  if (long > short * limits.maxAspectRatio) {
    throw new PictureError(
      `Expected a picture at most ${limits.maxAspectRatio} times as long as it is wide, ${got}.`,
    );
  }
}

/** What cannot be read is the caller's fault; memory that is not there is ours. */
const damaged = (error: unknown): unknown =>
  error instanceof PictureError || /out of memory|allocat/i.test(String(error))
    ? error
    : new PictureError('The picture is damaged or incomplete and cannot be read.', {
        cause: error,
      });

/** The header's facts, limits checked on the upright size. */
async function readMetadata(
  path: string,
  limits: DecodeLimits,
): Promise<Metadata & { readonly file: SourceFile }> {
  const format = await assertFormat(path);
  let metadata: Metadata;
  try {
    // The header is read without a pixel limit, so that the limit can be told with the size.
    metadata = await sharp(path, { ...sourceOptions(limits), limitInputPixels: false }).metadata();
  } catch (error) {
    throw damaged(error);
  }
  assertLimits(
    { widthPx: metadata.width, heightPx: metadata.pageHeight ?? metadata.height },
    limits,
  );
  if (metadata.channels > MAX_CHANNELS) {
    throw new PictureError(`Expected at most ${MAX_CHANNELS} channels in the picture.`);
  }
  return { ...metadata, file: { format, space: metadata.space, profile: metadata.icc } };
}

/**
 * Read a source: upright, 8-bit sRGB by its embedded profile, first page or frame.
 * @throws PictureError when it is no supported, intact picture within the limits.
 */
export async function decodePicture(path: string, limits: DecodeLimits): Promise<DecodedPicture> {
  const metadata = await readMetadata(path, limits);
  try {
    const upright = sharp(path, sourceOptions(limits)).timeout({ seconds: DECODE_TIMEOUT_S });
    const coloured = upright.toColourspace('srgb');
    const shaped = metadata.hasAlpha ? coloured.ensureAlpha() : coloured.removeAlpha();
    const { data, info } = await shaped.raw({ depth: 'uchar' }).toBuffer({
      resolveWithObject: true,
    });
    const channels = metadata.hasAlpha ? 4 : 3;
    if (info.channels !== channels) throw new Error(`Decoded to ${info.channels} channels.`);
    const picture: Picture = { data, widthPx: info.width, heightPx: info.height, channels };
    return { ...picture, isTransparent: hasTransparency(picture), file: metadata.file };
  } catch (error) {
    throw damaged(error);
  }
}

const fromRaw = (picture: Picture): Sharp =>
  sharp(picture.data, {
    raw: { width: picture.widthPx, height: picture.heightPx, channels: picture.channels },
    limitInputPixels: false,
  });

/**
 * Reduce a picture, stretched to the size; RGB only.
 * @param to Not larger than the picture on either side where quality matters: sharp's enlargement
 *   lies half a pixel off.
 */
export async function shrinkPicture(picture: Picture, to: Size): Promise<Picture> {
  // sharp would weigh the colours with alpha, and leave black where nothing is seen.
  const data = await fromRaw(withoutAlpha(picture))
    .resize(to.widthPx, to.heightPx, { fit: 'fill', kernel: 'cubic', fastShrinkOnLoad: false })
    .raw()
    .toBuffer();
  return { data, widthPx: to.widthPx, heightPx: to.heightPx, channels: 3 };
}

/** Formats that results are written in. */
export type EncodedFormat = 'jpg' | 'png' | 'webp';
/** How a file is written. */
export interface Encoding {
  /** Of JPEG and WebP, 1..100; absent: what no eye tells from the picture. */
  readonly quality?: number | undefined;
  /** For printers; the file then has an sRGB profile too. */
  readonly dotsPerInch?: number | undefined;
}

async function write(
  raw: Sharp,
  format: EncodedFormat,
  path: string,
  { quality, dotsPerInch }: Encoding = {},
): Promise<EncodedFile> {
  const marked = dotsPerInch === undefined ? raw : raw.withMetadata({ density: dotsPerInch });
  switch (format) {
    case 'jpg':
      await marked
        .flatten({ background: '#ffffff' })
        .jpeg({ quality: quality ?? JPEG_QUALITY, chromaSubsampling: '4:4:4' })
        .toFile(path);
      break;
    case 'png':
      await marked.png({ compressionLevel: PNG_LEVEL, adaptiveFiltering: false }).toFile(path);
      break;
    case 'webp':
      await marked
        .webp({ quality: quality ?? WEBP_QUALITY, alphaQuality: 100, effort: 2 })
        .toFile(path);
      break;
    default:
      format satisfies never;
  }
  return hashFile(path);
}

/**
 * Write a picture to a file, without metadata. JPEG has no alpha: transparent pixels go on white.
 * @param path Where to write; an existing file is replaced.
 */
export const encodePicture = (
  picture: Picture,
  format: EncodedFormat,
  path: string,
  encoding: Encoding = {},
): Promise<EncodedFile> => write(fromRaw(picture), format, path, encoding);

/** Write one plane, Uint8 [height, width], as a grey picture of one channel. */
export function encodeGrey(
  plane: Uint8Array,
  size: Size,
  format: EncodedFormat,
  path: string,
): Promise<EncodedFile> {
  const raw = sharp(plane, {
    raw: { width: size.widthPx, height: size.heightPx, channels: 1 },
    limitInputPixels: false,
  });
  return write(raw.toColourspace('b-w'), format, path);
}
