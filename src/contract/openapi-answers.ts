/** Answers in the OpenAPI document: every error of the catalogue in its envelope, and the usual headers. */
import type { ResponseConfig } from '@asteasolutions/zod-to-openapi';
import type { z } from 'zod';
import type { ErrorCode } from '../errors.ts';
import { errorResponse } from './responses.ts';

/** Codes by status, as the contract lists them. */
const ERRORS: Readonly<Record<number, readonly ErrorCode[]>> = {
  400: [
    'invalid_request',
    'invalid_json',
    'https_required',
    'invalid_idempotency_key',
    'invalid_image_url',
    'invalid_image',
  ],
  401: ['unauthorized'],
  402: ['insufficient_credits'],
  403: ['forbidden'],
  404: ['not_found'],
  405: ['method_not_allowed'],
  408: ['request_timeout'],
  409: ['idempotency_conflict', 'idempotency_in_progress'],
  410: ['gone'],
  413: ['payload_too_large'],
  415: ['unsupported_media_type'],
  429: ['rate_limit_exceeded', 'too_many_concurrent_requests'],
  500: ['internal_error'],
  503: ['overloaded', 'model_unavailable', 'storage_full', 'shutting_down'],
};

/** Statuses that say when to try again. */
const RETRIED: readonly number[] = [409, 429, 503];

const BASE_HEADERS = {
  'X-Request-Id': { schema: { type: 'string' as const }, required: true },
  'X-RateLimit-Remaining': { schema: { type: 'integer' as const }, required: true },
  'X-RateLimit-Reset': {
    schema: { type: 'integer' as const },
    required: true,
    description: 'Unix seconds.',
  },
  'X-Sandbox': {
    schema: { type: 'string' as const, enum: ['true'] },
    description: 'Set when a sandbox key calls: nothing is charged, results are watermarked.',
  },
};
const RETRY_HEADER = {
  'Retry-After': { schema: { type: 'integer' as const }, description: 'Seconds.' },
};

/** The header of an answer that has a result, or is about the job of one. */
export const PACK_HEADER = {
  'X-Model-Pack': { schema: { type: 'string' as const }, description: 'Pack that answered.' },
};

/** Headers of an answer that has the result of a generation. */
export const GENERATION_HEADERS = {
  'X-Seed': {
    schema: { type: 'string' as const, pattern: '^\\d+$' },
    description: 'Seed of the pictures; one is drawn where the request has none.',
  },
  'X-Prompt-Truncated': {
    schema: { type: 'string' as const, pattern: '^\\d+/\\d+$' },
    description: 'Set when the prompt, with the words of its style, was cut: tokens kept/all.',
  },
};

/** Headers of an answer that has the result of an enhancement. */
export const CHANGE_HEADERS = {
  'X-Change': {
    schema: { type: 'string' as const, pattern: '^mean=\\d+\\.\\d\\d, p95=\\d+\\.\\d\\d$' },
    description:
      'With Prefer: change-map, how much was changed: the mean of the pixels, and what nineteen of twenty stay below, in CIEDE2000.',
  },
  'X-Change-Map': {
    schema: { type: 'string' as const, format: 'uri' },
    description: 'With Prefer: change-map, where a picture of the changes lies.',
  },
};

/** Headers of an answer that has the result of a removed background. */
export const CUTOUT_HEADERS = {
  'X-Coverage': {
    schema: { type: 'string' as const, pattern: '^[01]\\.\\d{4}$' },
    description: 'Share of the picture that the dish covers.',
  },
  'X-Bounding-Box': {
    schema: { type: 'string' as const, pattern: '^\\d+,\\d+,\\d+,\\d+$' },
    description: 'Left, top, width and height of the dish in pixels of the upright source.',
  },
};

/** The failures of a route, by status. */
export function errorResponses(statuses: readonly number[]): Record<number, ResponseConfig> {
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      {
        description: (ERRORS[status] ?? []).map((code) => `\`${code}\``).join(', '),
        headers: RETRIED.includes(status) ? { ...BASE_HEADERS, ...RETRY_HEADER } : BASE_HEADERS,
        content: { 'application/json': { schema: errorResponse } },
      },
    ]),
  );
}

/** A success whose body is no JSON. */
export const streamed = (type: string, description: string): ResponseConfig => ({
  description,
  headers: BASE_HEADERS,
  content: { [type]: { schema: { type: 'string' } } },
});

/** A success with the body of a schema, and headers beside the usual ones. */
export function success(schema: z.ZodType, headers: object): ResponseConfig {
  return {
    description: 'Done.',
    headers: { ...BASE_HEADERS, ...headers },
    content: { 'application/json': { schema } },
  };
}

/** A success without a body. */
export const noContent = (): ResponseConfig => ({ description: 'Done.', headers: BASE_HEADERS });
