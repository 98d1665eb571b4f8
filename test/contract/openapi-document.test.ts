/** The OpenAPI document by itself: valid, and complete in its errors, headers and requests. */
import supertest from 'supertest';
import { describe, expect, it, vi } from 'vitest';
import { quickExamples } from '../../src/contract/examples.ts';
import { buildOpenApiDocument } from '../../src/contract/openapi.ts';
import * as errors from '../../src/errors.ts';
import { checkingApp, PAID } from './checking-app.ts';

interface Answer {
  readonly description: string;
  readonly headers: Readonly<Record<string, object>>;
  readonly content: Readonly<Record<string, { readonly schema: object }>>;
}
interface Operation {
  readonly security?: readonly object[];
  readonly responses: Readonly<Record<string, Answer>>;
}
interface ObjectSchema {
  readonly required?: readonly string[];
  readonly properties: Readonly<Record<string, ObjectSchema & { readonly default?: unknown }>>;
  readonly additionalProperties?: boolean;
}
interface Document {
  readonly info: object;
  readonly servers: readonly { readonly url: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, ObjectSchema>>;
    readonly securitySchemes: object;
  };
}

const build = () =>
  buildOpenApiDocument({ publicUrl: 'https://garnish.example', version: '1.2.3' }) as Document;
const document = build();
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);
const app = checkingApp(document);
const send = (path: string, body: unknown) =>
  supertest(app)
    .post(path)
    .send(body as object);

describe('the document', () => {
  it('is valid, which a broken one is not', async () => {
    expect((await send('/api/upscale', { image_url: 'https://a.example/b.jpg' })).status).toBe(200);
    const broken = checkingApp({ ...build(), info: { title: 'no version' } });
    const complaints = vi.spyOn(console, 'error').mockReturnValue(undefined);
    const answer = await supertest(broken).post('/api/upscale').send({ image_url: 'x' });
    expect(answer.status).toBe(500);
    expect(JSON.stringify(complaints.mock.calls)).toContain("required property 'version'");
    complaints.mockRestore();
  });

  it('names this server and its version', () => {
    expect(document).toMatchObject({
      openapi: '3.1.0',
      info: { title: 'Garnish', version: '1.2.3' },
      servers: [{ url: 'https://garnish.example' }],
    });
  });

  it('asks for a bearer key everywhere but at /api/models', () => {
    expect(document.components.securitySchemes).toEqual({
      apiKey: { type: 'http', scheme: 'bearer' },
    });
    const open = operations.filter(({ operation }) => operation.security === undefined);
    expect(open.map(({ path }) => path)).toEqual(['/api/models']);
    for (const { path, operation } of operations) {
      if (path !== '/api/models') expect(operation.security, path).toEqual([{ apiKey: [] }]);
    }
  });

  it('is the same when it is built again', () => {
    expect(build()).toEqual(document);
  });
});

/** Every error of the catalogue, as the edge would send it. */
const catalogue = [
  errors.invalidRequest(''),
  errors.invalidJson(),
  errors.httpsRequired(),
  errors.invalidIdempotencyKey(),
  errors.malformedImageUrl(''),
  errors.invalidImage(''),
  errors.unauthorized(),
  errors.insufficientCredits(1, 0),
  errors.forbidden(''),
  errors.requestTimeout(),
  errors.idempotencyConflict(),
  errors.idempotencyInProgress(1),
  errors.gone(),
  errors.payloadTooLarge(1),
  errors.unsupportedMediaType(''),
  errors.rateLimitExceeded(1),
  errors.tooManyConcurrentRequests(1),
  errors.internalError(new Error('')),
  errors.overloaded(1),
  errors.modelUnavailable(''),
  errors.storageFull(),
  errors.shuttingDown(),
];
/** A paid call names no job, so it cannot miss one. */
const whole = [...catalogue, errors.notFound()];
const codesOf = (status: number) =>
  [...new Set(whole.filter((error) => error.status === status).map(({ code }) => code))].sort();

describe('answers', () => {
  it.each(Object.keys(PAID))('%s lists every status a paid call can fail with', (path) => {
    const statuses = [...new Set(catalogue.map(({ status }) => status))];
    expect(Object.keys(document.paths[path]?.['post']?.responses ?? {}).map(Number)).toEqual(
      [200, 202, ...statuses].sort((a, b) => a - b),
    );
  });

  it('name under each status the codes of the catalogue, in the one envelope', () => {
    let checked = 0;
    for (const { path, operation } of operations) {
      for (const [status, answer] of Object.entries(operation.responses)) {
        if (status.startsWith('2')) continue;
        const codes = [...answer.description.matchAll(/`(\w+)`/g)].map(([, code]) => code).sort();
        expect(codes, `${path} ${status}`).toEqual(codesOf(Number(status)));
        expect(answer.content['application/json']?.schema).toEqual({
          $ref: '#/components/schemas/ErrorResponse',
        });
        checked += 1;
      }
    }
    expect(checked).toBeGreaterThan(40);
  });

  it('carry the headers of the contract', () => {
    for (const { path, method, operation } of operations) {
      for (const [status, { headers }] of Object.entries(operation.responses)) {
        const where = `${path} ${status}`;
        expect(Object.keys(headers), where).toEqual(
          expect.arrayContaining(['X-Request-Id', 'X-RateLimit-Remaining', 'X-RateLimit-Reset']),
        );
        expect(headers, where).toHaveProperty('X-Sandbox');
        if (status === '429' || status === '503') {
          expect(headers, where).toHaveProperty('Retry-After');
        }
        const hasResult = path in PAID || (path === '/api/jobs/{id}' && method === 'get');
        const namesPack = status.startsWith('2') && hasResult;
        expect('X-Model-Pack' in headers, where).toBe(namesPack);
      }
    }
  });
});

describe('requests', () => {
  it('are open outside options and closed inside', () => {
    for (const name of ['Generate', 'Enhance', 'RemoveBackground', 'Upscale']) {
      const schema = document.components.schemas[`${name}Request`];
      expect(schema?.additionalProperties, name).toBeUndefined();
      expect(schema?.properties['options']?.additionalProperties, name).toBe(false);
      expect(schema?.required, name).toEqual([name === 'Generate' ? 'prompt' : 'image_url']);
    }
  });

  it('offer for remove-background the options of the contract', () => {
    const options = document.components.schemas['RemoveBackgroundRequest']?.properties['options'];
    expect(Object.keys(options?.properties ?? {})).toEqual([
      ...['output', 'background', 'shadow', 'crop', 'margin', 'align', 'width', 'height', 'format'],
    ]);
  });

  it.each(quickExamples('https://garnish.example'))(
    'the quick example $title passes',
    async ({ code }) => {
      const path = /https:\/\/garnish\.example(\S+)/.exec(code.curl)?.[1] ?? '';
      const body = /-d '(.*)'$/.exec(code.curl)?.[1] ?? '';
      expect(PAID).toHaveProperty([path]);
      expect((await send(path, JSON.parse(body))).status).toBe(200);
    },
  );

  it('take one file as an upload', async () => {
    const upload = () => supertest(app).post('/api/uploads');
    expect((await upload().attach('file', Buffer.from('picture'), 'dish.jpg')).status).toBe(200);
    expect((await upload().attach('other', Buffer.from('picture'), 'dish.jpg')).status).toBe(400);
    expect((await upload().send({ file: 'picture' })).status).toBe(415);
  });
});
