/** How a cutout is shown: crop, size, shadow, background, and what the headers tell, over a real socket. */
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drawPlate, encoded, paint } from '../support/pictures.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { sharp } from '../support/sharp.ts';

let garnish: TestServer;
let image_url: string;

beforeAll(async () => {
  garnish = await startTestServer();
  // A disc of 0.38 of the height in the middle.
  image_url = await garnish.upload(await encoded(await drawPlate(400, 300), 'png'));
});
afterAll(() => garnish.stop());

async function made(options: object) {
  const answer = await garnish.post('/api/remove-background', { image_url, options });
  expect(answer.status, answer.text).toBe(200);
  const response = await fetch(String(answer.json?.['result_url']));
  const { data, info } = await sharp(Buffer.from(await response.arrayBuffer()))
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const pixel = (x: number, y: number) => [
    ...data.subarray((y * width + x) * channels, (y * width + x + 1) * channels),
  ];
  return { headers: answer.headers, size: [width, height], channels, pixel };
}

it('headers tell where the dish lies, whatever is made of it', async () => {
  const { headers, size } = await made({});
  expect(size).toEqual([400, 300]);
  expect(Number(headers.get('x-coverage'))).toBeCloseTo((Math.PI * 114 ** 2) / 120_000, 1);
  const [left = 0, top = 0, width = 0, height = 0] = (headers.get('x-bounding-box') ?? '')
    .split(',')
    .map(Number);
  expect(Math.abs(left - 86)).toBeLessThan(12);
  expect(Math.abs(top - 36)).toBeLessThan(12);
  expect(Math.abs(width - 228)).toBeLessThan(24);
  expect(Math.abs(height - 228)).toBeLessThan(24);
});

it('crop shows the dish alone, with its margin', async () => {
  const { headers, size: near } = await made({ crop: true });
  const [, , width = 0] = (headers.get('x-bounding-box') ?? '').split(',').map(Number);
  expect(near[0]).toBeGreaterThanOrEqual(width);
  expect(near[0]).toBeLessThan(width + 8);
  const { size: far } = await made({ crop: true, margin: 0.25 });
  expect(Math.abs((far[0] ?? 0) - width * 1.5)).toBeLessThan(3);
});

it('crop without a margin does not reach beyond the photograph', async () => {
  const filled = await sharp(await encoded(drawPlate(400, 300), 'png'))
    .extract({ left: 120, top: 70, width: 160, height: 160 })
    .png()
    .toBuffer();
  const answer = await garnish.post('/api/remove-background', {
    ...{ image_url: await garnish.upload(filled), options: { crop: true } },
  });
  const response = await fetch(String(answer.json?.['result_url']));
  const { width, height } = await sharp(Buffer.from(await response.arrayBuffer())).metadata();
  expect([width, height].every((side) => side !== undefined && side <= 160)).toBe(true);
});

it('width and height are exact, with the dish whole at its place', async () => {
  const options = { crop: true, margin: 0.05, width: 320, height: 160, align: 'left' };
  const { size, pixel } = await made({ ...options, background: '#204060' });
  expect(size).toEqual([320, 160]);
  expect(pixel(310, 80)).toEqual([0x20, 0x40, 0x60]);
  expect(pixel(80, 80)).not.toEqual([0x20, 0x40, 0x60]);
});

it('a mask is framed like the cutout', async () => {
  const { size, pixel } = await made({ output: 'mask', crop: true, width: 100, height: 100 });
  expect(size).toEqual([100, 100]);
  expect(pixel(50, 50)[0]).toBeGreaterThan(200);
  expect(pixel(1, 1)[0]).toBeLessThan(20);
});

it('a shadow is below the dish and needs no background', async () => {
  const plain = await made({ crop: true, margin: 0.1, height: 300, width: 300 });
  const shaded = await made({ crop: true, margin: 0.1, height: 300, width: 300, shadow: 1 });
  const below = [150, 281] as const;
  expect(plain.pixel(...below)[3]).toBeLessThan(10);
  expect(shaded.pixel(...below)[3]).toBeGreaterThan(60);
  expect(shaded.pixel(150, 6)[3]).toBeLessThan(10);
});

it('a blurred background is opaque, and the dish is as it was', async () => {
  const { channels, pixel, size } = await made({ background: 'blur', format: 'png' });
  const source = await made({ background: '#000000' });
  expect([channels, ...size]).toEqual([3, 400, 300]);
  expect(pixel(200, 150)).toEqual(source.pixel(200, 150));
  expect(pixel(5, 5)).not.toEqual([0, 0, 0]);
});

describe('a picture as background', () => {
  /** Red on the left, blue on the right, twice as wide as the frame needs. */
  const halves = paint({ widthPx: 800, heightPx: 300 }, (x) =>
    x < 400 ? [220, 20, 20] : [20, 20, 220],
  );
  const refused = async (background: string) => {
    const before = garnish.balance();
    const answer = await garnish.post('/api/remove-background', {
      image_url,
      options: { background },
    });
    expect([answer.status, garnish.balance()]).toEqual([400, before]);
    return answer.json?.['error'] as { code: string; message: string };
  };

  it('lies under the dish, its middle as large as the frame', async () => {
    const background = await garnish.upload(await encoded(halves, 'png'));
    const { size, channels, pixel } = await made({ background });
    const { pixel: cutout } = await made({ background: '#000000' });
    expect([size, channels]).toEqual([[400, 300], 3]);
    expect([pixel(5, 5), pixel(394, 294)]).toEqual([
      [220, 20, 20],
      [20, 20, 220],
    ]);
    expect(pixel(200, 150)).toEqual(cutout(200, 150));
  });

  it('follows crop, size and shadow', async () => {
    const background = await garnish.upload(await encoded(halves, 'png'));
    const { size, pixel } = await made({
      background,
      crop: true,
      width: 500,
      height: 200,
      shadow: 1,
    });
    expect(size).toEqual([500, 200]);
    expect(pixel(2, 2)).toEqual([220, 20, 20]);
    const row = Array.from({ length: 500 }, (_, x) => pixel(x, 197));
    expect(Math.min(...row.map(([red = 0, , blue = 0]) => Math.max(red, blue)))).toBeLessThan(190);
  });

  it('shows white where it is transparent itself', async () => {
    const clear = paint({ widthPx: 64, heightPx: 64 }, () => [9, 9, 9, 0]);
    const { pixel } = await made({ background: await garnish.upload(await encoded(clear, 'png')) });
    expect(pixel(5, 5)).toEqual([255, 255, 255]);
  });

  it('is fetched under the rules of image_url, and the message says which picture it was', async () => {
    const other = garnish.newKey({ credits: 5 });
    const theirs = await garnish.upload(await encoded(halves, 'png'), other.key);
    for (const address of [
      'https://127.0.0.1/x.jpg',
      'data:image/png;base64,AA',
      'file:///etc/passwd',
      `${new URL(image_url).origin}/cdn/nobg/${'a'.repeat(26)}.png`,
      theirs,
    ]) {
      const error = await refused(address);
      expect([address, error.code]).toEqual([address, 'invalid_image_url']);
      expect(error.message).toMatch(/^options\.background: /);
    }
    for (const wrong of ['#12345', 'red', 'blurred']) {
      expect((await refused(wrong)).code).toBe('invalid_request');
    }
  });

  it('that is damaged fails the call and costs nothing', async () => {
    const whole = await encoded(halves, 'png');
    const url = await garnish.upload(whole);
    // The upload is read again when the job comes to it; by then half of it is gone.
    const name = new URL(url).pathname.split('/').at(-1) ?? '';
    const path = (await readdir(garnish.dataDir, { recursive: true })).find((file) =>
      file.endsWith(name),
    );
    await writeFile(join(garnish.dataDir, path ?? ''), whole.subarray(0, whole.length / 2));
    const error = await refused(url);
    expect([error.code, error.message.slice(0, 20)]).toEqual([
      'invalid_image',
      'options.background: ',
    ]);
  });

  it('works for the items of a batch', async () => {
    const background = await garnish.upload(await encoded(halves, 'png'));
    const items = [{ image_url, options: { background } }, { image_url }];
    const batch = await garnish.post('/api/batches', { operation: 'remove-background', items });
    expect(batch.status).toBe(202);
    const id = String(batch.json?.['id']);
    await expect
      .poll(async () => (await garnish.call(`/api/batches/${id}`)).json?.['completed'], {
        timeout: 20_000,
      })
      .toBe(2);
    const staged = await readdir(join(garnish.dataDir, 'staging'));
    expect(staged).toEqual([]);
  });
});
