/** The OpenAPI document and the server's schemas allow the same bodies and fill in the same defaults. */
import supertest from 'supertest';
import { expect, it } from 'vitest';
import { buildOpenApiDocument } from '../../src/contract/openapi.ts';
import { checkingApp, PAID } from './checking-app.ts';

const app = checkingApp(
  buildOpenApiDocument({ publicUrl: 'https://garnish.example', version: '1.2.3' }),
);

const image_url = 'https://example.com/burger.jpg';
const prompt = 'Pad thai';
const BODIES: readonly (readonly [path: keyof typeof PAID, body: unknown, isAllowed: boolean])[] = [
  ['/api/generate', { prompt }, true],
  ['/api/generate', {}, false],
  ['/api/generate', { prompt: 7 }, false],
  ['/api/generate', { prompt, unknown: 1 }, true],
  ['/api/generate', { prompt, style: 'moody', model: 'seeddream', aspect_ratio: '9:16' }, true],
  ['/api/generate', { prompt, style: 'dark' }, false],
  ['/api/generate', { prompt, model: 'other' }, false],
  ['/api/generate', { prompt, aspect_ratio: '3:2' }, false],
  ['/api/generate', { prompt, count: 4, seed: 0 }, true],
  ['/api/generate', { prompt, count: 0 }, false],
  ['/api/generate', { prompt, count: 5 }, false],
  ['/api/generate', { prompt, count: 1.5 }, false],
  ['/api/generate', { prompt, seed: -1 }, false],
  ['/api/generate', { prompt, options: { steps: 100, guidance_scale: 7.5, strength: 1 } }, true],
  ['/api/generate', { prompt, options: { negative_prompt: 'blurred', image_url } }, true],
  ['/api/generate', { prompt, options: { steps: 0 } }, false],
  ['/api/generate', { prompt, options: { strength: 1.1 } }, false],
  ['/api/generate', { prompt, options: { step: 20 } }, false],
  ['/api/generate', [prompt], false],
  ['/api/enhance', { image_url }, true],
  ['/api/enhance', { preset: 'balanced' }, false],
  ['/api/enhance', { image_url, preset: 'social-media', options: { upscale: false } }, true],
  ['/api/enhance', { image_url, preset: 'social' }, false],
  ['/api/enhance', { image_url, options: { crop: 'no' } }, false],
  ['/api/enhance', { image_url, options: { platform: '' } }, false],
  ['/api/enhance', { image_url, options: { sharpen: true } }, false],
  ['/api/remove-background', { image_url }, true],
  ['/api/remove-background', { image_url, options: { output: 'mask', format: 'jpg' } }, true],
  ['/api/remove-background', { image_url, options: { background: '#f4efe6' } }, true],
  ['/api/remove-background', { image_url, options: { background: '#F4EFE6' } }, true],
  ['/api/remove-background', { image_url, options: { background: 'blur' } }, true],
  ['/api/remove-background', { image_url, options: { background: '#f4efe6ff' } }, false],
  ['/api/remove-background', { image_url, options: { shadow: true } }, true],
  ['/api/remove-background', { image_url, options: { margin: 4 } }, false],
  ['/api/remove-background', { image_url, options: { format: 'gif' } }, false],
  ['/api/upscale', { image_url }, true],
  ['/api/upscale', { image_url: null }, false],
  ['/api/upscale', { image_url, scale: 4, options: { format: 'webp' } }, true],
  ['/api/upscale', { image_url, scale: 3 }, false],
  ['/api/upscale', { image_url, scale: '2' }, false],
  ['/api/upscale', { image_url, options: null }, false],
];

it.each(BODIES)('%s %j: allowed is %s', async (path, body, isAllowed) => {
  const parsed = PAID[path].safeParse(body);
  const answer = await supertest(app)
    .post(path)
    .send(body as object);
  expect({ server: parsed.success, document: answer.status }).toEqual({
    server: isAllowed,
    document: isAllowed ? 200 : 400,
  });
  // What the document fills in is what the server would have filled in.
  if (isAllowed) expect(PAID[path].parse(answer.body)).toEqual(parsed.data);
});
