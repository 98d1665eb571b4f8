/** POST /api/enhance over a real socket: sizes, frames, platforms, files, and what the headers tell. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Picture } from '../../src/imaging/picture.ts';
import { drawPlate, encoded } from '../support/pictures.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { sharp } from '../support/sharp.ts';

let garnish: TestServer;
let image_url: string;

beforeAll(async () => {
  garnish = await startTestServer();
  image_url = await garnish.upload(await encoded(drawPlate(400, 300), 'png'));
});
afterAll(() => garnish.stop());

/** A picture as an underexposed one of it: light divided by a factor, in linear light roughly. */
const darkened = (picture: Picture): Picture => ({
  ...picture,
  data: picture.data.map((level) => Math.round(level * 0.55)),
});

async function fetched(url: unknown) {
  const response = await fetch(String(url));
  expect(response.status).toBe(200);
  const bytes = Buffer.from(await response.arrayBuffer());
  const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
  return { bytes, data, info, metadata: await sharp(bytes).metadata() };
}

async function made(body: object, headers: Readonly<Record<string, string>> = {}) {
  const answer = await garnish.post('/api/enhance', { image_url, ...body }, { headers });
  expect(answer.status, answer.text).toBe(200);
  return { answer, ...(await fetched(answer.json?.['enhanced_url'])) };
}

const refusal = async (body: object) => {
  const before = garnish.balance();
  const answer = await garnish.post('/api/enhance', { image_url, ...body });
  expect([answer.status, garnish.balance()]).toEqual([400, before]);
  return answer.text;
};

describe('the answer', () => {
  it('has the keys of the contract, costs one credit and names the pack', async () => {
    const before = garnish.balance();
    const { answer, metadata, info } = await made({});
    expect(Object.keys(answer.json ?? {})).toEqual([
      ...['id', 'status', 'credits_used', 'original_url', 'enhanced_url'],
      ...['width', 'height', 'created_at'],
    ]);
    expect(answer.json).toMatchObject({ credits_used: 1, original_url: image_url });
    expect(String(answer.json?.['enhanced_url'])).toMatch(/\/enhanced\/[a-z0-9]{26}\.jpg$/);
    expect([answer.json?.['width'], answer.json?.['height']]).toEqual([info.width, info.height]);
    expect(metadata.format).toBe('jpeg');
    expect(answer.headers.get('x-model-pack')).toBe('garnish-enhance');
    expect(garnish.balance()).toBe(before - 1);
  });

  it('brings light into a dark picture', async () => {
    const dark = darkened(drawPlate(400, 300));
    const url = await garnish.upload(await encoded(dark, 'png'));
    const { data } = await made({ image_url: url, options: { upscale: false } });
    const mean = (levels: Uint8Array) =>
      levels.reduce((sum, level) => sum + level, 0) / levels.length;
    expect(mean(data)).toBeGreaterThan(1.15 * mean(dark.data));
  });
});

describe('size', () => {
  it.each([
    ['doubles', [400, 300], 'balanced', [800, 600]],
    ['ends at 2048', [1280, 80], 'balanced', [2048, 128]],
    ['keeps what is larger already', [2100, 120], 'balanced', [2100, 120]],
    ['ends at 4096 for print', [2100, 120], 'print-ready', [4096, 234]],
  ] as const)('%s', async (_, [width, height], preset, expected) => {
    const url = await garnish.upload(await encoded(drawPlate(width, height)));
    const { info } = await made({ image_url: url, preset });
    expect([info.width, info.height]).toEqual(expected);
  });

  it('stays as it is without upscale', async () => {
    const { info } = await made({ options: { upscale: false } });
    expect([info.width, info.height]).toEqual([400, 300]);
  });
});

describe('frame', () => {
  it('follows the dish where the preset has a ratio', async () => {
    // The dish lies at the right end: a frame in the middle would cut it.
    const right = await sharp(await encoded(drawPlate(300, 300), 'png'))
      .extend({ left: 300, background: '#60422c' })
      .png()
      .toBuffer();
    const body = { image_url: await garnish.upload(right), options: { upscale: false } };
    const { info, data } = await made({ ...body, preset: 'social-media' });
    expect([info.width, info.height]).toEqual([300, 300]);
    const at = (x: number) => data[(150 * 300 + x) * 3] as number;
    expect(at(150)).toBeGreaterThan(at(8) + 30); // the food, and the table beside the plate
    const { info: kept } = await made({
      ...body,
      preset: 'social-media',
      options: { upscale: false, crop: false },
    });
    expect([kept.width, kept.height]).toEqual([600, 300]);
  });
});

describe('platforms', () => {
  it.each(['uber-eats', 'uber-eats/item'])(
    '%s gives its ratio and its format',
    async (platform) => {
      const url = await garnish.upload(await encoded(drawPlate(240, 120)));
      const { info, metadata } = await made({ image_url: url, options: { platform } });
      expect(info.width / info.height).toBeCloseTo(1.5, 2);
      expect(metadata.format).toBe('jpeg');
    },
  );

  it('brings a picture within the pixels and bytes that are allowed', async () => {
    const { info } = await made({ options: { platform: 'swiggy/item' } });
    expect([info.width, info.height]).toEqual([400, 400]);
    const noisy = drawPlate(500, 200);
    for (let i = 0; i < noisy.data.length; i += 1)
      noisy.data[i] = (noisy.data[i] ?? 0) ^ ((i * 97) % 41);
    const url = await garnish.upload(await encoded(noisy, 'png'));
    const { bytes } = await made({ image_url: url, options: { platform: 'facebook/cover' } });
    expect(bytes.length).toBeLessThanOrEqual(100_000);
  });

  it('that are not there are refused by name, with those that are', async () => {
    expect(await refusal({ options: { platform: 'uber' } })).toMatch(/options\.platform.*uber/);
    expect(await refusal({ options: { platform: 'uber-eats/menu' } })).toContain('uber-eats/cover');
    expect(await refusal({ options: { platform: 'uber-eats', format: 'webp' } })).toMatch(
      /options\.format/,
    );
  });
});

describe('files', () => {
  it('are PNG with alpha when the background goes', async () => {
    const { info, data, metadata } = await made({ options: { remove_background: true } });
    expect([metadata.format, info.channels, info.width, info.height]).toEqual(['png', 4, 800, 600]);
    const alphaAt = (x: number, y: number) => data[(y * 800 + x) * 4 + 3];
    expect([alphaAt(8, 8), alphaAt(400, 300)]).toEqual([0, 255]);
    expect(await refusal({ options: { remove_background: true, format: 'jpg' } })).toMatch(
      /options\.format/,
    );
  });

  it('keep the transparency of a source', async () => {
    const url = await garnish.upload(await encoded(drawPlate(400, 300, 4), 'png'));
    const { info, data, metadata } = await made({ image_url: url });
    expect([metadata.format, info.channels]).toEqual(['png', 4]);
    expect([data[3], data[(300 * info.width + 400) * 4 + 3]]).toEqual([0, 255]);
  });

  it('for print have 300 dots an inch and all of their colour', async () => {
    const { metadata } = await made({ preset: 'print-ready', options: { upscale: false } });
    expect([metadata.density, metadata.chromaSubsampling]).toEqual([300, '4:4:4']);
  });
});

describe('the change map', () => {
  it('lies beside the result when it is preferred, with its figures in a header', async () => {
    const { answer } = await made({}, { Prefer: 'change-map' });
    expect(answer.headers.get('preference-applied')).toBe('change-map');
    expect(answer.headers.get('x-change')).toMatch(/^mean=\d+\.\d\d, p95=\d+\.\d\d$/);
    const { info, metadata } = await fetched(answer.headers.get('x-change-map'));
    expect([info.width, info.height, metadata.format]).toEqual([400, 300, 'png']);
  });

  it('is not made when nobody asks', async () => {
    const { answer } = await made({});
    expect([answer.headers.get('x-change'), answer.headers.get('x-change-map')]).toEqual([
      null,
      null,
    ]);
  });

  it('comes with a job in the background too', async () => {
    const headers = { Prefer: 'respond-async, change-map' };
    const accepted = await garnish.post('/api/enhance', { image_url }, { headers });
    expect([accepted.status, accepted.headers.get('preference-applied')]).toEqual([
      202,
      'respond-async, change-map',
    ]);
    const place = String(accepted.headers.get('location'));
    await expect
      .poll(async () => (await garnish.call(place)).json?.['state'], { timeout: 20_000 })
      .toBe('completed');
    const done = await garnish.call(place);
    expect(String(done.headers.get('x-change-map'))).toMatch(/_1\.png$/);
  });
});
