/** The OpenAPI document is true: a validator made from it checks real requests and answers. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type ErrorRequestHandler } from 'express';
import { middleware as openApiValidator } from 'express-openapi-validator';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { drawPlate, encoded } from '../support/pictures.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let garnish: TestServer;
let proxy: Server;
let proxyUrl: string;
let imageUrl: string;
let document: Parameters<typeof openApiValidator>[0]['apiSpec'] & object;

/** Passes calls on to the server; the validator in front of it judges what comes back. */
async function startProxy(): Promise<void> {
  const app = express();
  app.use(express.json());
  app.use(
    openApiValidator({
      apiSpec: { ...document, servers: [{ url: '/' }] },
      validateRequests: false,
      validateResponses: true,
      validateSecurity: false,
      fileUploader: false,
    }),
  );
  app.use(async (req, res) => {
    const answer = await garnish.call(req.url, {
      method: req.method,
      key: req.get('authorization')?.slice('Bearer '.length) ?? null,
      ...(req.method === 'POST' ? { body: JSON.stringify(req.body) } : {}),
      headers: { 'Content-Type': 'application/json' },
    });
    for (const [name, value] of answer.headers) {
      if (name.startsWith('x-') || name === 'retry-after') res.setHeader(name, value);
    }
    res.status(answer.status).json(answer.json);
  });
  const report: ErrorRequestHandler = (error: Error, _req, res, _next) => {
    res.status(599).json({ mismatch: error.message });
  };
  app.use(report);
  proxy = createServer(app);
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
}

beforeAll(async () => {
  garnish = await startTestServer();
  imageUrl = await garnish.upload(await encoded(drawPlate(48, 32)));
  document = (await garnish.call('/openapi.json')).json as typeof document;
  await startProxy();
});
afterAll(async () => {
  proxy.close();
  await garnish.stop();
});

async function through(path: string, body?: unknown, key: string | null = garnish.key) {
  const response = await fetch(`${proxyUrl}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      'Content-Type': 'application/json',
      ...(key === null ? {} : { Authorization: `Bearer ${key}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, text: await response.text() };
}

it('describes every route', () => {
  expect(document).toMatchObject({ openapi: '3.1.0' });
  expect(Object.keys((document as { paths: object }).paths).sort()).toEqual([
    '/api/account/credits',
    '/api/admin/packs',
    '/api/admin/packs/{id}/load',
    '/api/admin/packs/{id}/unload',
    '/api/batches',
    '/api/batches/{id}',
    '/api/batches/{id}/items',
    '/api/batches/{id}/results.zip',
    '/api/enhance',
    '/api/generate',
    '/api/jobs',
    '/api/jobs/{id}',
    '/api/jobs/{id}/events',
    '/api/models',
    '/api/platforms',
    '/api/platforms/{id}',
    '/api/preflight',
    '/api/remove-background',
    '/api/uploads',
    '/api/upscale',
    '/api/webhooks',
    '/api/webhooks/{id}',
    '/api/webhooks/{id}/deliveries',
    '/api/webhooks/{id}/deliveries/{delivery_id}/resend',
    '/api/webhooks/{id}/rotate-secret',
    '/api/webhooks/{id}/test',
  ]);
});

it('says which fields a request has, their values and defaults', () => {
  const { schemas } = (document as unknown as { components: { schemas: Record<string, unknown> } })
    .components;
  expect(schemas['UpscaleRequest']).toMatchObject({
    required: ['image_url'],
    properties: { scale: { default: 2 }, options: { additionalProperties: false } },
  });
  expect(schemas['GenerateRequest']).toMatchObject({
    required: ['prompt'],
    properties: {
      style: { default: 'natural' },
      count: { type: 'integer', minimum: 1, maximum: 4 },
    },
  });
  expect(JSON.stringify(schemas['RemoveBackgroundRequest'])).toContain('shadow');
});

it.each([
  ['/api/models', undefined, 200],
  ['/api/platforms', undefined, 200],
  ['/api/platforms/uber-eats', undefined, 200],
  ['/api/platforms/nowhere', undefined, 404],
  ['/api/preflight', {}, 400],
  ['/api/account/credits', undefined, 200],
  ['/api/upscale', {}, 400],
  ['/api/generate', { prompt: 'Pad thai' }, 503],
])('%s answers as the document says (%j → %i)', async (path, body, status) => {
  expect(await through(path, body)).toMatchObject({ status });
});

it('paid routes, refusals and the 402 answer as the document says', async () => {
  expect(await through('/api/upscale', { image_url: imageUrl })).toMatchObject({ status: 200 });
  expect(await through('/api/remove-background', { image_url: imageUrl })).toMatchObject({
    status: 200,
  });
  const platform = 'google-business';
  expect(await through('/api/preflight', { image_url: imageUrl, platform })).toMatchObject({
    status: 200,
  });
  expect(await through('/api/upscale', { image_url: imageUrl }, null)).toMatchObject({
    status: 401,
  });
  const { key } = garnish.newKey({ credits: 0 });
  expect(await through('/api/upscale', { image_url: 'https://a.example/' }, key)).toMatchObject({
    status: 402,
  });
});

it('the validator does notice an answer that is not as described', async () => {
  const copy = structuredClone(document) as typeof document;
  const schema = (
    copy as unknown as { components: { schemas: Record<string, { required: string[] }> } }
  ).components.schemas['ModelsResponse'];
  expect(schema?.required.push('missing')).toBe(2);
  const app = express();
  app.use(
    openApiValidator({
      apiSpec: { ...copy, servers: [{ url: '/' }] },
      validateResponses: true,
      validateSecurity: false,
    }),
  );
  app.use((_req, res) => {
    res.json({ models: [] });
  });
  const report: ErrorRequestHandler = (_error, _req, res, _next) => {
    res.status(599).end();
  };
  app.use(report);
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  expect((await fetch(`http://127.0.0.1:${port}/api/models`)).status).toBe(599);
  server.close();
});
