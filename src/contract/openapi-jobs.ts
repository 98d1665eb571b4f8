/** Jobs and batches in the OpenAPI document. */
import type { RouteConfig } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { batchItemsResponse, batchRequest, batchResponse } from './batches.ts';
import { jobResponse, jobsQuery, jobsResponse } from './jobs.ts';
import {
  CHANGE_HEADERS,
  CUTOUT_HEADERS,
  errorResponses,
  GENERATION_HEADERS,
  PACK_HEADER,
  streamed,
  success,
} from './openapi-answers.ts';

const ONE_STATUSES = [400, 401, 403, 404, 410, 429, 500, 503];
const LIST_STATUSES = [400, 401, 403, 429, 500, 503];
const BATCH_STATUSES = [400, 401, 402, 403, 408, 409, 413, 415, 429, 500, 503];

const id = z.object({ id: z.string() });
const lastEvent = z.object({ 'Last-Event-ID': z.string().optional() });
const idempotency = z.object({ 'Idempotency-Key': z.string().min(1).max(255).optional() });

const security = [{ apiKey: [] }];

/** Headers of an answer that names a job or batch to look at. */
export const ACCEPTED_HEADERS = {
  Location: { schema: { type: 'string' as const }, required: true },
  'Idempotent-Replayed': { schema: { type: 'string' as const, enum: ['true'] } },
};

interface OneRoute {
  readonly method: 'get' | 'delete';
  readonly path: string;
  readonly summary: string;
  readonly answer: z.ZodType;
  /** Headers beside the usual ones. */
  readonly headers?: object;
}

const ONE_ROUTES: readonly OneRoute[] = [
  {
    method: 'get',
    path: '/api/jobs/{id}',
    summary: 'State, progress and, in the end, result of a job, with the headers of a result.',
    answer: jobResponse,
    headers: { ...PACK_HEADER, ...GENERATION_HEADERS, ...CUTOUT_HEADERS, ...CHANGE_HEADERS },
  },
  {
    method: 'delete',
    path: '/api/jobs/{id}',
    summary: 'Cancel a job that has not ended; its credits come back.',
    answer: jobResponse,
  },
  {
    method: 'get',
    path: '/api/batches/{id}',
    summary: 'Counts and progress of a batch.',
    answer: batchResponse,
  },
  {
    method: 'get',
    path: '/api/batches/{id}/items',
    summary: 'The jobs of a batch, in the order of its request.',
    answer: batchItemsResponse,
  },
  {
    method: 'delete',
    path: '/api/batches/{id}',
    summary: 'Cancel what has not ended of a batch.',
    answer: batchResponse,
  },
];

const one = ({ method, path, summary, answer, headers = {} }: OneRoute): RouteConfig => ({
  ...{ method, path, summary, security },
  request: { params: id },
  responses: { 200: success(answer, headers), ...errorResponses(ONE_STATUSES) },
});

/** Every route of jobs and batches. */
export const jobRouteConfigs: readonly RouteConfig[] = [
  {
    method: 'get',
    path: '/api/jobs',
    summary: 'Own jobs, newest first.',
    security,
    request: { query: jobsQuery },
    responses: { 200: success(jobsResponse, {}), ...errorResponses(LIST_STATUSES) },
  },
  ...ONE_ROUTES.map(one),
  {
    method: 'get',
    path: '/api/jobs/{id}/events',
    summary: 'Every state of a job as server-sent events; the last one carries the job.',
    security,
    request: { params: id, headers: lastEvent },
    responses: {
      200: streamed('text/event-stream', 'Events until the job ends.'),
      ...errorResponses(ONE_STATUSES),
    },
  },
  {
    method: 'post',
    path: '/api/batches',
    summary: 'Up to 500 items of one operation, reserved together or not at all.',
    security,
    request: {
      headers: idempotency,
      body: { required: true, content: { 'application/json': { schema: batchRequest } } },
    },
    responses: {
      202: success(batchResponse, ACCEPTED_HEADERS),
      ...errorResponses(BATCH_STATUSES),
    },
  },
  {
    method: 'get',
    path: '/api/batches/{id}/results.zip',
    summary: 'What was delivered so far, as a zip.',
    security,
    request: { params: id },
    responses: {
      200: streamed('application/zip', 'The archive.'),
      ...errorResponses(ONE_STATUSES),
    },
  },
];
