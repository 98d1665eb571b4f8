/** The admin routes in the OpenAPI document. */
import type { RouteConfig } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { adminPack, adminPacksResponse, loadPackRequest } from './admin.ts';
import { errorResponses, success } from './openapi-answers.ts';

const READ_STATUSES = [400, 401, 403, 429, 500, 503];
const CHANGE_STATUSES = [400, 401, 403, 404, 408, 413, 415, 429, 500, 503];
const ADMIN = { security: [{ apiKey: [] }], tags: ['admin'] };
const id = z.object({ id: z.string() });

/** The routes. */
export const adminRouteConfigs: readonly RouteConfig[] = [
  {
    ...ADMIN,
    method: 'get',
    path: '/api/admin/packs',
    summary: 'Packs, and what of them is in memory. Local callers only, or the admin listener.',
    responses: { 200: success(adminPacksResponse, {}), ...errorResponses(READ_STATUSES) },
  },
  {
    ...ADMIN,
    method: 'post',
    path: '/api/admin/packs/{id}/load',
    summary: 'Bring a pack into memory on each device.',
    request: {
      params: id,
      body: { required: false, content: { 'application/json': { schema: loadPackRequest } } },
    },
    responses: { 200: success(adminPack, {}), ...errorResponses(CHANGE_STATUSES) },
  },
  {
    ...ADMIN,
    method: 'post',
    path: '/api/admin/packs/{id}/unload',
    summary: 'Give a pack back on each device, pinned or not, when its tasks have ended.',
    request: { params: id },
    responses: { 200: success(adminPack, {}), ...errorResponses(CHANGE_STATUSES) },
  },
];
