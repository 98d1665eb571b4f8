/** The webhook routes in the OpenAPI document. */
import type { RouteConfig } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { errorResponses, noContent, success } from './openapi-answers.ts';
import {
  changeWebhookRequest,
  createWebhookRequest,
  deliveriesQuery,
  deliveriesResponse,
  deliveryResponse,
  webhookResponse,
  webhookSecretResponse,
  webhooksResponse,
} from './webhooks.ts';

const READ_STATUSES = [400, 401, 403, 404, 429, 500, 503];
const WRITE_STATUSES = [400, 401, 403, 404, 408, 413, 415, 429, 500, 503];

const id = z.object({ id: z.string() });
const deliveryId = id.extend({ delivery_id: z.string() });

interface WebhookRoute {
  readonly method: 'get' | 'post' | 'patch' | 'delete';
  readonly path: string;
  readonly summary: string;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  readonly status: 200 | 201 | 202 | 204;
  readonly answer?: z.ZodType;
}

const ROUTES: readonly WebhookRoute[] = [
  {
    method: 'post',
    path: '/api/webhooks',
    summary: 'Be told of the end of asynchronous jobs, signed by the Standard Webhooks scheme.',
    body: createWebhookRequest,
    status: 201,
    answer: webhookSecretResponse,
  },
  {
    method: 'get',
    path: '/api/webhooks',
    summary: 'The webhooks of the account.',
    status: 200,
    answer: webhooksResponse,
  },
  {
    method: 'get',
    path: '/api/webhooks/{id}',
    summary: 'One webhook.',
    params: id,
    status: 200,
    answer: webhookResponse,
  },
  {
    method: 'patch',
    path: '/api/webhooks/{id}',
    summary: 'Change address, events, or whether it is sent to.',
    params: id,
    body: changeWebhookRequest,
    status: 200,
    answer: webhookResponse,
  },
  {
    method: 'delete',
    path: '/api/webhooks/{id}',
    summary: 'Remove a webhook; what was not delivered yet is dropped.',
    params: id,
    status: 204,
  },
  {
    method: 'post',
    path: '/api/webhooks/{id}/rotate-secret',
    summary: 'Make a new secret; for 24 hours events are signed with both.',
    params: id,
    status: 200,
    answer: webhookSecretResponse,
  },
  {
    method: 'post',
    path: '/api/webhooks/{id}/test',
    summary: 'Send a webhook.test.',
    params: id,
    status: 202,
    answer: deliveryResponse,
  },
  {
    method: 'get',
    path: '/api/webhooks/{id}/deliveries',
    summary: 'What was sent in the last 30 days, newest first.',
    params: id,
    query: deliveriesQuery,
    status: 200,
    answer: deliveriesResponse,
  },
  {
    method: 'post',
    path: '/api/webhooks/{id}/deliveries/{delivery_id}/resend',
    summary: 'Send a delivery again, with the same webhook-id.',
    params: deliveryId,
    status: 202,
    answer: deliveryResponse,
  },
];

function describe(route: WebhookRoute): RouteConfig {
  const { method, path, summary, params, query, body, status, answer } = route;
  return {
    method,
    path,
    summary,
    security: [{ apiKey: [] }],
    request: {
      ...(params === undefined ? {} : { params }),
      ...(query === undefined ? {} : { query }),
      ...(body === undefined
        ? {}
        : { body: { required: true, content: { 'application/json': { schema: body } } } }),
    },
    responses: {
      [status]: answer === undefined ? noContent() : success(answer, {}),
      ...errorResponses(body === undefined ? READ_STATUSES : WRITE_STATUSES),
    },
  };
}

/** The routes. */
export const webhookRouteConfigs: readonly RouteConfig[] = ROUTES.map(describe);
