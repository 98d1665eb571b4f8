/** Damaged and unusual picture files, made byte by byte. */
import { crc32, deflateSync } from 'node:zlib';

function pngChunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(body.length + 8);
  frame.writeUInt32BE(data.length, 0);
  body.copy(frame, 4);
  frame.writeUInt32BE(crc32(body), body.length + 4);
  return frame;
}

const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** A 1-bit grey PNG of any size; `rows` of its rows are really there. */
export function hugePng(widthPx: number, heightPx: number, rows: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(widthPx, 0);
  header.writeUInt32BE(heightPx, 4);
  header[8] = 1; // bit depth; colour type 0, no interlace
  const pixels = deflateSync(Buffer.alloc(rows * (1 + Math.ceil(widthPx / 8))));
  return Buffer.concat([
    PNG_SIGNATURE,
    pngChunk('IHDR', header),
    pngChunk('IDAT', pixels),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

/** A PNG with a text chunk that inflates to `bytes`, put in before the pixels. */
export function withTextBomb(png: Buffer, bytes: number): Buffer {
  const text = Buffer.concat([
    Buffer.from('Comment\0\0', 'latin1'),
    deflateSync(Buffer.alloc(bytes, 65)),
  ]);
  const afterHeader = PNG_SIGNATURE.length + 25;
  return Buffer.concat([
    png.subarray(0, afterHeader),
    pngChunk('zTXt', text),
    png.subarray(afterHeader),
  ]);
}

/** A PNG that says it is an animation (APNG) of one frame. */
export function withAnimationControl(png: Buffer): Buffer {
  const afterHeader = PNG_SIGNATURE.length + 25;
  const control = pngChunk('acTL', Buffer.from([0, 0, 0, 1, 0, 0, 0, 0]));
  return Buffer.concat([png.subarray(0, afterHeader), control, png.subarray(afterHeader)]);
}

/** A GIF whose frame comes again and again. */
export function repeatedFrames(gif: Buffer, frames: number): Buffer {
  const hasTable = ((gif[10] ?? 0) & 0x80) !== 0;
  const tableBytes = hasTable ? 3 * 2 ** (((gif[10] ?? 0) & 7) + 1) : 0;
  const frame = gif.subarray(13 + tableBytes, -1);
  const copies = Array.from({ length: frames }, () => frame);
  return Buffer.concat([gif.subarray(0, 13 + tableBytes), ...copies, gif.subarray(-1)]);
}

/** A progressive JPEG whose last scan comes again and again. */
export function repeatedScans(jpeg: Buffer, scans: number): Buffer {
  const last = jpeg.lastIndexOf(Buffer.from([0xff, 0xda]));
  const copies = Array.from({ length: scans }, () => jpeg.subarray(last, -2));
  return Buffer.concat([jpeg.subarray(0, last), ...copies, jpeg.subarray(-2)]);
}

/** Where a JPEG's first frame header begins. */
function frameHeader(jpeg: Buffer): number {
  for (let at = 2; at < jpeg.length; at += 2 + jpeg.readUInt16BE(at + 2)) {
    if (jpeg[at + 1] === 0xc0 || jpeg[at + 1] === 0xc2) return at;
  }
  throw new Error('No frame header.');
}

/** A JPEG that says it is of another size. */
export function resizedJpegHeader(jpeg: Buffer, widthPx: number, heightPx: number): Buffer {
  const copy = Buffer.from(jpeg);
  const at = frameHeader(copy);
  copy.writeUInt16BE(heightPx, at + 5);
  copy.writeUInt16BE(widthPx, at + 7);
  return copy;
}

/** A JPEG with an application segment put in behind its start. */
export function withJpegSegment(jpeg: Buffer, marker: number, data: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(data.length + 2);
  return Buffer.concat([
    jpeg.subarray(0, 2),
    Buffer.from([0xff, marker]),
    length,
    data,
    jpeg.subarray(2),
  ]);
}

/** An EXIF block that holds an orientation, valid or not. */
export function exifOrientation(value: number): Buffer {
  const tiff = Buffer.from('4d4d002a00000008000101120003000000010000000000000000', 'hex');
  tiff.writeUInt16BE(value, 18);
  return Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tiff]);
}
