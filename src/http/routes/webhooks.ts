/**
 * The routes under /api/webhooks. Reading needs the scope `read`; changing needs one of the paid
 * scopes, as uploads do, so that a key for reading cannot have events sent elsewhere.
 */
import { type Request, type RequestHandler, Router } from 'express';
import type { z } from 'zod';
import { wireTime } from '../../contract/responses.ts';
import { parseBody } from '../../contract/validation.ts';
import {
  changeWebhookRequest,
  createWebhookRequest,
  deliveriesQuery,
  type deliveriesResponse,
  type deliveryResponse,
  type webhookResponse,
  type webhookSecretResponse,
  type webhooksResponse,
} from '../../contract/webhooks.ts';
import type {
  DeliveryView,
  WebhookBook,
  WebhookView,
  WebhookWithSecret,
} from '../../jobs/webhooks/webhook-book.ts';
import { callerOf, requireScope } from '../authenticate.ts';
import type { RouteMethods } from '../method-guard.ts';
import { cursorAfter, placeOfCursor } from '../page-cursor.ts';

/** Paths of this file and what they answer. */
export const WEBHOOK_METHODS: RouteMethods = {
  '/api/webhooks': ['GET', 'POST'],
  '/api/webhooks/:id': ['GET', 'PATCH', 'DELETE'],
  '/api/webhooks/:id/rotate-secret': ['POST'],
  '/api/webhooks/:id/test': ['POST'],
  '/api/webhooks/:id/deliveries': ['GET'],
  '/api/webhooks/:id/deliveries/:deliveryId/resend': ['POST'],
};

const wireWebhook = (webhook: WebhookView): z.infer<typeof webhookResponse> => ({
  id: webhook.id,
  url: webhook.url,
  events: [...webhook.events],
  enabled: webhook.isEnabled,
  disabled_reason: webhook.disabledReason,
  created_at: wireTime(webhook.createdAtMs),
});

const wireWithSecret = (webhook: WebhookWithSecret): z.infer<typeof webhookSecretResponse> => ({
  ...wireWebhook(webhook),
  secret: webhook.secret,
});

const wireDelivery = (delivery: DeliveryView): z.infer<typeof deliveryResponse> => ({
  id: delivery.id,
  event: delivery.event as z.infer<typeof deliveryResponse>['event'],
  state: delivery.state,
  attempts: delivery.attempts,
  next_attempt_at: delivery.nextAttemptAt === null ? null : wireTime(delivery.nextAttemptAt),
  last_status: delivery.lastStatus,
  last_error: delivery.lastError,
  payload: JSON.parse(delivery.payload) as unknown,
  created_at: wireTime(delivery.createdAt),
  updated_at: wireTime(delivery.updatedAt),
  log: delivery.log.map(({ number, startedAt, status, error }) => ({
    attempt: number,
    at: wireTime(startedAt),
    status,
    error,
  })),
});

const idOf = (req: Request): string => String(req.params['id']);

/** The routes; `readBody` reads JSON. */
export function webhooksRoute(book: WebhookBook, readBody: RequestHandler): Router {
  const router = Router({ caseSensitive: true, strict: true });
  const mayRead = requireScope('read');
  const mayChange = requireScope('generate', 'enhance', 'remove-background', 'upscale');

  router.post('/api/webhooks', mayChange, readBody, (req, res) => {
    const { url, events } = parseBody(createWebhookRequest, req.body);
    const webhook = book.create(callerOf(req).accountId, url, events);
    res.status(201).setHeader('Location', `/api/webhooks/${webhook.id}`);
    res.json(wireWithSecret(webhook));
  });
  router.get('/api/webhooks', mayRead, (req, res) => {
    const webhooks = book.list(callerOf(req).accountId).map(wireWebhook);
    res.json({ webhooks } satisfies z.infer<typeof webhooksResponse>);
  });
  router.get('/api/webhooks/:id', mayRead, (req, res) => {
    res.json(wireWebhook(book.get(callerOf(req).accountId, idOf(req))));
  });
  router.patch('/api/webhooks/:id', mayChange, readBody, (req, res) => {
    const change = parseBody(changeWebhookRequest, req.body);
    res.json(wireWebhook(book.change(callerOf(req).accountId, idOf(req), change)));
  });
  router.delete('/api/webhooks/:id', mayChange, (req, res) => {
    book.remove(callerOf(req).accountId, idOf(req));
    res.status(204).end();
  });
  router.post('/api/webhooks/:id/rotate-secret', mayChange, (req, res) => {
    res.json(wireWithSecret(book.rotateSecret(callerOf(req).accountId, idOf(req))));
  });
  router.post('/api/webhooks/:id/test', mayChange, (req, res) => {
    res.status(202).json(wireDelivery(book.test(callerOf(req).accountId, idOf(req))));
  });
  router.get('/api/webhooks/:id/deliveries', mayRead, (req, res) => {
    const { limit, cursor } = parseBody(deliveriesQuery, req.query);
    const page = book.deliveries(callerOf(req).accountId, {
      webhookId: idOf(req),
      limit,
      before: placeOfCursor(cursor),
    });
    const last = page.at(-1);
    const answer: z.infer<typeof deliveriesResponse> = {
      deliveries: page.map(wireDelivery),
      next_cursor: last === undefined || page.length < limit ? null : cursorAfter(last),
    };
    res.json(answer);
  });
  router.post('/api/webhooks/:id/deliveries/:deliveryId/resend', mayChange, (req, res) => {
    const deliveryId = String(req.params['deliveryId']);
    const delivery = book.resend(callerOf(req).accountId, idOf(req), deliveryId);
    res.status(202).json(wireDelivery(delivery));
  });
  return router;
}
