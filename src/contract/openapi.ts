/** The OpenAPI 3.1 document, made from the same schemas that check requests and describe answers. */
import {
  OpenAPIRegistry,
  OpenApiGeneratorV31,
  type RouteConfig,
} from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { enhanceRequest } from './enhance-request.ts';
import { jobResponse } from './jobs.ts';
import { adminRouteConfigs } from './openapi-admin.ts';
import {
  CHANGE_HEADERS,
  CUTOUT_HEADERS,
  errorResponses,
  GENERATION_HEADERS,
  PACK_HEADER,
  success,
} from './openapi-answers.ts';
import { ACCEPTED_HEADERS, jobRouteConfigs } from './openapi-jobs.ts';
import { platformRouteConfigs } from './openapi-platforms.ts';
import { webhookRouteConfigs } from './openapi-webhooks.ts';
import { removeBackgroundRequest } from './remove-background-request.ts';
import { generateRequest, upscaleRequest } from './requests.ts';
import {
  creditsResponse,
  enhanceResponse,
  generateResponse,
  modelsResponse,
  removeBackgroundResponse,
  uploadResponse,
  upscaleResponse,
} from './responses.ts';

/** What the document says of this server. */
export interface OpenApiOptions {
  readonly publicUrl: string;
  readonly version: string;
}

const READ_STATUSES = [400, 401, 403, 429, 500, 503];
const UPLOAD_STATUSES = [400, 401, 403, 408, 413, 415, 429, 500, 503];
const PAID_STATUSES = [400, 401, 402, 403, 408, 409, 410, 413, 415, 429, 500, 503];

const PAID_HEADERS = {
  'Idempotent-Replayed': {
    schema: { type: 'string' as const, enum: ['true'] },
    description: 'Set when an earlier call with the same Idempotency-Key had delivered this.',
  },
  ...PACK_HEADER,
};

interface PaidRoute {
  readonly path: string;
  readonly summary: string;
  readonly request: z.ZodType;
  readonly response: z.ZodType;
  /** Headers of a finished call beside those of every paid route. */
  readonly headers?: object;
  /** What `Prefer` takes beside respond-async. */
  readonly preferences?: string;
}

const PAID_ROUTES: readonly PaidRoute[] = [
  {
    path: '/api/generate',
    summary:
      'Draw pictures of a dish, or edit one. Answers 503 while no text-to-image pack is installed.',
    request: generateRequest,
    response: generateResponse,
    headers: GENERATION_HEADERS,
  },
  {
    path: '/api/enhance',
    summary: 'Improve light, colours, sharpness and composition; the dish stays as it is.',
    request: enhanceRequest,
    response: enhanceResponse,
    headers: CHANGE_HEADERS,
    preferences: 'change-map: a picture of what was changed lies beside the result.',
  },
  {
    path: '/api/remove-background',
    summary: 'Cut the dish out, with the plate it is served on.',
    request: removeBackgroundRequest,
    response: removeBackgroundResponse,
    headers: CUTOUT_HEADERS,
  },
  {
    path: '/api/upscale',
    summary: 'Enlarge a picture 2 or 4 times.',
    request: upscaleRequest,
    response: upscaleResponse,
  },
];

const paidHeaders = (preferences = '') =>
  z.object({
    Prefer: z
      .string()
      .optional()
      .meta({
        description: ['respond-async: answer 202 with the job at once.', preferences]
          .join(' ')
          .trim(),
      }),
    'Garnish-On-Disconnect': z.enum(['cancel', 'continue']).optional().meta({
      description: 'What becomes of the job when the caller leaves; default cancel.',
    }),
    'Idempotency-Key': z.string().min(1).max(255).optional().meta({
      description: 'A retry with the same key and body gets the same answer and is charged once.',
    }),
  });

function paid(route: PaidRoute): RouteConfig {
  return {
    method: 'post',
    path: route.path,
    summary: route.summary,
    security: [{ apiKey: [] }],
    request: {
      headers: paidHeaders(route.preferences),
      body: { required: true, content: { 'application/json': { schema: route.request } } },
    },
    responses: {
      200: success(route.response, { ...PAID_HEADERS, ...route.headers }),
      202: success(jobResponse, { ...PAID_HEADERS, ...ACCEPTED_HEADERS }),
      ...errorResponses(PAID_STATUSES),
    },
  };
}

const uploads: RouteConfig = {
  method: 'post',
  path: '/api/uploads',
  summary: 'Send a local picture; its image_url works for this account for a day. Free.',
  security: [{ apiKey: [] }],
  request: {
    body: {
      required: true,
      content: {
        'multipart/form-data': {
          schema: z.object({ file: z.string().meta({ format: 'binary' }) }),
        },
      },
    },
  },
  responses: { 200: success(uploadResponse, {}), ...errorResponses(UPLOAD_STATUSES) },
};

const models: RouteConfig = {
  method: 'get',
  path: '/api/models',
  summary: 'The model ids; no key needed.',
  responses: { 200: success(modelsResponse, {}), ...errorResponses([400, 429, 500]) },
};

const credits: RouteConfig = {
  method: 'get',
  path: '/api/account/credits',
  summary: 'Balance, plan and renewal.',
  security: [{ apiKey: [] }],
  responses: { 200: success(creditsResponse, {}), ...errorResponses(READ_STATUSES) },
};

/** Builds the document. */
export function buildOpenApiDocument(options: OpenApiOptions): object {
  const registry = new OpenAPIRegistry();
  registry.registerComponent('securitySchemes', 'apiKey', { type: 'http', scheme: 'bearer' });
  const ours = [
    ...jobRouteConfigs,
    ...webhookRouteConfigs,
    ...platformRouteConfigs,
    ...adminRouteConfigs,
  ];
  for (const route of [...PAID_ROUTES.map(paid), ...ours, uploads, models, credits]) {
    registry.registerPath(route);
  }
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'Garnish',
      version: options.version,
      description: 'Food photographs: generate, enhance, remove background, upscale.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: options.publicUrl }],
  });
}
