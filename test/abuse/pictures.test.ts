/** Bad and unusual pictures, cases 74-92 of the abuse list: refused clearly, or read rightly. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  exifOrientation,
  hugePng,
  repeatedFrames,
  repeatedScans,
  resizedJpegHeader,
  withAnimationControl,
  withJpegSegment,
  withTextBomb,
} from '../support/odd-pictures.ts';
import { drawPlate, encoded } from '../support/pictures.ts';
import { codeOf, startTestServer, type TestServer } from '../support/server.ts';
import { sharp } from '../support/sharp.ts';

let garnish: TestServer;
let jpeg: Buffer;
let png: Buffer;
let webp: Buffer;

beforeAll(async () => {
  garnish = await startTestServer();
  jpeg = await encoded(drawPlate(64, 48));
  png = await encoded(drawPlate(64, 48), 'png');
  webp = await encoded(drawPlate(64, 48), 'webp');
});
afterAll(() => garnish.stop());

async function send(file: Buffer, name = 'a.jpg', type = 'image/jpeg') {
  const form = new FormData();
  form.append('file', new Blob([new Uint8Array(file)], { type }), name);
  return garnish.call('/api/uploads', { method: 'POST', body: form });
}

const text = (value: string) => Buffer.from(value, 'latin1');
const ftyp = (brand: string) =>
  Buffer.concat([text(`\0\0\0\x1cftyp${brand}\0\0\0\0`), Buffer.alloc(64)]);

describe('refused as invalid_image', () => {
  const files: readonly (readonly [string, () => Buffer | Promise<Buffer>])[] = [
    ['74 HTML with an image type', () => text('<!doctype html><p>no')],
    ['75 zero bytes', () => Buffer.alloc(0)],
    ['76 random bytes', () => Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 89) % 256))],
    ['76 text', () => text('hello')],
    ['76 PDF', () => text('%PDF-1.7\n')],
    ['76 ZIP', () => text('PK\x03\x04')],
    ['76 MP4', () => ftyp('isom')],
    ['76 ELF', () => text('\x7fELF\x02\x01\x01')],
    ['77 SVG', () => text('<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"/>')],
    [
      '77 SVG with a declaration',
      () => text('<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "b">]><svg>&a;</svg>'),
    ],
    [
      '77 SVG that names a file',
      () => text('<svg xmlns:xlink="x"><image xlink:href="file:///etc/passwd"/></svg>'),
    ],
    ['77 SVG of 100000x100000', () => text('<svg width="100000" height="100000"/>')],
    ['77 SVG of a billion laughs', () => text(billionLaughs())],
    ['77 RAW (CR2)', () => text(`II*\0\x10\0\0\0CR\x02\0${'\0'.repeat(64)}`)],
    ['77 OpenEXR', () => text('v/1\x01\x02\0\0\0')],
    ['77 PSD', () => text('8BPS\0\x01')],
    ['77 BMP', () => text(`BM${'\0'.repeat(60)}`)],
    ['77 ICO', () => text('\0\0\x01\0\x01\0')],
    ['77 JPEG XL', () => text('\xff\x0a\0\0')],
    ['77 JPEG 2000', () => text('\0\0\0\x0cjP  \r\n\x87\n')],
    ['78 HEIC', () => ftyp('heic')],
    ['80 half a JPEG', () => jpeg.subarray(0, jpeg.length / 2)],
    ['80 half a PNG', () => png.subarray(0, png.length / 2)],
    ['80 half a WebP', () => webp.subarray(0, webp.length / 2)],
    ['81 PNG with a bad checksum', () => Buffer.from(png).fill(0x55, 60, 64)],
    ['81 JPEG with a bad Huffman table', () => breakHuffman(jpeg)],
    ['81 JPEG without its end', () => jpeg.subarray(0, -2)],
    ['82 PNG of 900 megapixels', () => hugePng(30_000, 30_000, 1)],
    ['82 PNG of 225 megapixels, whole', () => hugePng(15_000, 15_000, 15_000)],
    ['82 JPEG of 65535x65535', () => resizedJpegHeader(jpeg, 65_535, 65_535)],
    ['82 PNG of 48 megapixels', () => hugePng(8_000, 6_000, 6_000)],
    ['83 AVIF with nothing behind its header', () => ftyp('avif')],
    ['84 1x1', () => encoded(drawPlate(1, 1), 'png')],
    ['84 15x15', () => encoded(drawPlate(15, 15), 'png')],
    ['84 0x0', () => hugePng(0, 0, 0)],
    ['84 400x16', () => encoded(drawPlate(400, 16), 'png')],
    ['84 16x8193', () => hugePng(16, 8193, 8193)],
  ];
  it.each(files)('case %s', async (_name, make) => {
    const answer = await send(await make());
    expect([answer.status, codeOf(answer)]).toEqual([400, 'invalid_image']);
  });

  it('case 78: HEIC says what to do', async () => {
    expect((await send(ftyp('heic'))).text).toContain('Convert the picture to JPEG');
  });
});

function billionLaughs(): string {
  const entities = Array.from(
    { length: 10 },
    (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`,
  );
  return `<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY l0 "lol">${entities.join('')}]><svg>&l10;</svg>`;
}

it('case 81: a progressive JPEG of 1,000 scans takes no long time and no error of ours', async () => {
  const progressive = await sharp(png).jpeg({ progressive: true }).toBuffer();
  expect([200, 400]).toContain((await send(repeatedScans(progressive, 1000))).status);
  expect(garnish.server.engine.state[0]?.restarts).toBe(0);
});

it.each([1, 2, 3, 4, 5, 6, 7, 8])('case 88: orientation %i is brought upright', async (value) => {
  const answer = await send(withJpegSegment(jpeg, 0xe1, exifOrientation(value)));
  const isTurned = value >= 5;
  expect(answer.json).toMatchObject(
    isTurned ? { width: 48, height: 64 } : { width: 64, height: 48 },
  );
});

function breakHuffman(file: Buffer): Buffer {
  const copy = Buffer.from(file);
  const at = copy.indexOf(Buffer.from([0xff, 0xc4]));
  return copy.fill(0xff, at + 5, at + 21);
}

it('case 80: a file cut at every 64 bytes is refused or read, never an error of ours', async () => {
  for (const file of [jpeg, png, webp]) {
    const cuts = Array.from({ length: Math.floor(file.length / 64) }, (_, i) => (i + 1) * 64);
    for (const cut of cuts) {
      const answer = await send(file.subarray(0, cut));
      expect([200, 400]).toContain(answer.status);
      if (cut < file.length * 0.9) expect(codeOf(answer)).toBe('invalid_image');
    }
  }
});

it('mutated files are refused or read, never an error of ours', async () => {
  let seed = 12345;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed % below;
  };
  for (const file of [jpeg, png, webp]) {
    for (let round = 0; round < 60; round += 1) {
      const mutant = Buffer.from(file);
      for (let flips = 0; flips < 1 + random(8); flips += 1) {
        mutant[random(mutant.length)] = random(256);
      }
      expect([200, 400]).toContain((await send(mutant)).status);
    }
  }
  expect(garnish.server.engine.state[0]?.restarts).toBe(0);
});

describe('read rightly', () => {
  const files: readonly (readonly [string, () => Buffer | Promise<Buffer>])[] = [
    ['74 a PNG called .jpg', () => png],
    ['79 GIF', () => sharp(png).gif().toBuffer()],
    [
      '79 GIF of 10,000 frames',
      async () => repeatedFrames(await sharp(png).gif({ colours: 4 }).toBuffer(), 10_000),
    ],
    ['79 APNG', () => withAnimationControl(png)],
    [
      '79 animated WebP',
      () =>
        sharp([png, png], { join: { animated: true } })
          .webp()
          .toBuffer(),
    ],
    ['AVIF', () => sharp(png).avif().toBuffer()],
    ['TIFF', () => sharp(png).tiff().toBuffer()],
    ['progressive JPEG', () => sharp(png).jpeg({ progressive: true }).toBuffer()],
    ['85 16-bit', () => sharp(png).toColourspace('rgb16').png().toBuffer()],
    ['85 palette', () => sharp(png).png({ palette: true }).toBuffer()],
    ['85 1-bit', () => hugePng(64, 48, 48)],
    ['85 grey', () => sharp(png).greyscale().jpeg().toBuffer()],
    ['85 grey with alpha', () => sharp(png).greyscale().ensureAlpha(0.5).png().toBuffer()],
    ['85 fully transparent', () => sharp(png).ensureAlpha(0).png().toBuffer()],
    ['86 CMYK', () => sharp(png).toColourspace('cmyk').jpeg().toBuffer()],
    [
      '87 a broken colour profile',
      () => withJpegSegment(jpeg, 0xe2, text('ICC_PROFILE\0\x01\x01broken')),
    ],
    ['88 orientation 0', () => withJpegSegment(jpeg, 0xe1, exifOrientation(0))],
    ['88 orientation 9', () => withJpegSegment(jpeg, 0xe1, exifOrientation(9))],
    ['89 a text chunk of 100 MB', () => withTextBomb(png, 100_000_000)],
    ['90 a ZIP behind a JPEG', () => Buffer.concat([jpeg, text('PK\x03\x04<?php evil();')])],
  ];
  it.each(files)('case %s', async (_name, make) => {
    const answer = await send(await make());
    expect(answer.text).toContain('image_url');
    expect(answer.json).toMatchObject({ width: 64, height: 48 });
    for (const operation of ['upscale', 'remove-background']) {
      const made = await garnish.post(`/api/${operation}`, {
        image_url: answer.json?.['image_url'],
      });
      expect(made.status).toBe(200);
      const result = Buffer.from(
        await (await fetch(String(made.json?.['result_url']))).arrayBuffer(),
      );
      expect(result.includes('evil')).toBe(false);
      const metadata = await sharp(result).metadata();
      expect([metadata.exif, metadata.xmp, metadata.iptc, metadata.comments]).toEqual([
        undefined,
        undefined,
        undefined,
        undefined,
      ]);
    }
  });

  it('case 86: CMYK colours come out as they went in, as far as ink can show them', async () => {
    const cmyk = await sharp(png).toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer();
    const url = (await send(cmyk)).json?.['image_url'];
    const made = await garnish.post('/api/upscale', {
      image_url: url,
      options: { format: 'png' },
    });
    const result = Buffer.from(
      await (await fetch(String(made.json?.['result_url']))).arrayBuffer(),
    );
    const { data } = await sharp(result).raw().toBuffer({ resolveWithObject: true });
    const at = (x: number, y: number) => [
      ...data.subarray((y * 128 + x) * 3, (y * 128 + x) * 3 + 3),
    ];
    const plain = await sharp(png).raw().toBuffer();
    const porcelain = plain.subarray((24 * 64 + 44) * 3, (24 * 64 + 44) * 3 + 3);
    for (const [channel, level] of at(88, 48).entries()) {
      expect(Math.abs(level - (porcelain[channel] ?? 0))).toBeLessThan(14);
    }
    const [red = 0, green = 0, blue = 0] = at(64, 48); // the orange middle
    expect(red).toBeGreaterThan(170);
    expect(green).toBeGreaterThan(70);
    expect(blue).toBeLessThan(60);
  });
});

describe('multipart', () => {
  const post = (body: string, contentType: string) =>
    garnish.call('/api/uploads', {
      method: 'POST',
      body,
      headers: { 'Content-Type': contentType },
    });
  const part = (name: string, content: string, more = '') =>
    `--b\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${content}\r\n`;

  it.each([
    ['92 no boundary', 'x', 'multipart/form-data', 400, 'invalid_request'],
    [
      '92 no file',
      `${part('note', 'x')}--b--`,
      'multipart/form-data; boundary=b',
      400,
      'invalid_request',
    ],
    [
      '92 10,000 parts',
      `${part('note', 'x').repeat(10_000)}--b--`,
      'multipart/form-data; boundary=b',
      400,
      'invalid_request',
    ],
    [
      '92 missing end',
      part('file', 'abc', '; filename="a.jpg"'),
      'multipart/form-data; boundary=b',
      400,
      'invalid_request',
    ],
    [
      '92 two files',
      `${part('file', 'a', '; filename="a"')}${part('file', 'b', '; filename="b"')}--b--`,
      'multipart/form-data; boundary=b',
      400,
      'invalid_request',
    ],
    ['92 JSON instead', '{}', 'application/json', 415, 'unsupported_media_type'],
    [
      '93 base64 instead of a file',
      `${part('file', 'iVBORw0KGgo=')}--b--`,
      'multipart/form-data; boundary=b',
      400,
      'invalid_request',
    ],
  ])('case %s', async (_name, body, contentType, status, code) => {
    const answer = await post(body, contentType);
    expect([answer.status, codeOf(answer)]).toEqual([status, code]);
  });

  it('case 91: a file name that breaks its header', async () => {
    const answer = await send(jpeg, 'a\0.jpg');
    expect([answer.status, codeOf(answer)]).toEqual([400, 'invalid_request']);
  });

  it.each(['../../../etc/passwd', 'x'.repeat(1000), '\u202egpj.exe'])(
    'case 91: the file name %j is ignored',
    async (name) => {
      const answer = await send(jpeg, name);
      expect(answer.status).toBe(200);
      expect(String(answer.json?.['image_url'])).toMatch(/\/uploads\/[a-z0-9]{26}$/);
    },
  );

  it('a file over the limit', async () => {
    const answer = await send(Buffer.alloc(21 * 1024 * 1024));
    expect([answer.status, codeOf(answer)]).toEqual([413, 'payload_too_large']);
  });
});
