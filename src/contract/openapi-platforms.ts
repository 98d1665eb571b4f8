/** The platform routes in the OpenAPI document. */
import type { RouteConfig } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { errorResponses, success } from './openapi-answers.ts';
import {
  platformResponse,
  platformsResponse,
  preflightRequest,
  preflightResponse,
} from './platforms.ts';

const READ_STATUSES = [400, 401, 403, 429, 500, 503];
const PREFLIGHT_STATUSES = [400, 401, 403, 408, 413, 415, 429, 500, 503];

const security = [{ apiKey: [] }];

/** The routes. */
export const platformRouteConfigs: readonly RouteConfig[] = [
  {
    method: 'get',
    path: '/api/platforms',
    summary: 'What delivery, listing and social platforms ask of photographs, with the sources.',
    security,
    responses: { 200: success(platformsResponse, {}), ...errorResponses(READ_STATUSES) },
  },
  {
    method: 'get',
    path: '/api/platforms/{id}',
    summary: 'One platform.',
    security,
    request: { params: z.object({ id: z.string() }) },
    responses: {
      200: success(platformResponse, {}),
      ...errorResponses([...READ_STATUSES, 404]),
    },
  },
  {
    method: 'post',
    path: '/api/preflight',
    summary: 'Judge a picture by what a platform asks. Free; counts on the rate windows.',
    security,
    request: {
      body: { required: true, content: { 'application/json': { schema: preflightRequest } } },
    },
    responses: {
      200: success(preflightResponse, {}),
      ...errorResponses(PREFLIGHT_STATUSES),
    },
  },
];
