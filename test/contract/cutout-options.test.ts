/** How a cutout is shown: crop, size, shadow, background, and what the headers tell, over a real socket. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { drawPlate, encoded } from '../support/pictures.ts';
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
