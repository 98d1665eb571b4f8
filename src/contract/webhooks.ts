/** The webhook routes (ours): requests and answers of /api/webhooks. */
import { z } from 'zod';
import { wireTimestamp } from './responses.ts';

const MAX_PAGE = 100;
const DEFAULT_PAGE = 20;
const PAGE_SIZE = `a whole number from 1 to ${MAX_PAGE}`;

const url = z.string().meta({
  description: 'An https address the server may reach, under the rules of image_url.',
  example: 'https://example.com/hooks/garnish',
});

const event = z.enum(['job.completed', 'job.failed', 'job.cancelled', 'batch.completed']);

const events = z
  .array(event)
  .min(1)
  .transform((list) => [...new Set(list)])
  .meta({ description: 'What to be told of; by default everything.' });

const idOf = (prefix: string) =>
  z
    .string()
    .regex(new RegExp(`^${prefix}_[a-z0-9]{26}$`))
    .meta({ example: `${prefix}_9m2k4x7q1c8v5b3n6z0a2s4d7f` });

/** POST /api/webhooks. */
export const createWebhookRequest = z
  .object({ url, events: events.optional() })
  .meta({ id: 'CreateWebhookRequest' });

/** PATCH /api/webhooks/ID. */
export const changeWebhookRequest = z
  .object({ url: url.optional(), events: events.optional(), enabled: z.boolean().optional() })
  .transform(({ enabled, ...rest }) => ({ ...rest, isEnabled: enabled }))
  .meta({ id: 'ChangeWebhookRequest' });

/** Query of GET /api/webhooks/ID/deliveries. */
export const deliveriesQuery = z.object({
  limit: z.coerce
    .number(PAGE_SIZE)
    .int(PAGE_SIZE)
    .min(1, PAGE_SIZE)
    .max(MAX_PAGE, PAGE_SIZE)
    .default(DEFAULT_PAGE),
  cursor: z.string().max(128).optional().meta({ description: '`next_cursor` of the page before.' }),
});

const webhook = {
  id: idOf('wh'),
  url: z.url(),
  events: z.array(event),
  enabled: z.boolean(),
  disabled_reason: z.enum(['owner', 'gone']).nullable().meta({
    description: '`gone`: the receiver answered 410. null while it is enabled.',
  }),
  created_at: wireTimestamp,
};

/** A webhook: what GET and PATCH /api/webhooks/ID answer. */
export const webhookResponse = z.strictObject(webhook).meta({ id: 'Webhook' });

/** Answer of POST /api/webhooks and of POST /api/webhooks/ID/rotate-secret. */
export const webhookSecretResponse = z
  .strictObject({
    ...webhook,
    secret: z
      .string()
      .regex(/^whsec_[A-Za-z0-9+/]+={0,2}$/)
      .meta({ description: 'Checks signatures. Shown only now.' }),
  })
  .meta({ id: 'WebhookWithSecret' });

/** Answer of GET /api/webhooks. */
export const webhooksResponse = z
  .strictObject({ webhooks: z.array(webhookResponse) })
  .meta({ id: 'Webhooks' });

/** A delivery: what resend and test answer. */
export const deliveryResponse = z
  .strictObject({
    id: idOf('msg').meta({ description: 'The header `webhook-id`, the same in every attempt.' }),
    event: z.enum([...event.options, 'webhook.test']),
    state: z.enum(['pending', 'delivered', 'failed']),
    attempts: z.int().min(0),
    next_attempt_at: wireTimestamp.nullable(),
    last_status: z.int().nullable().meta({ description: 'null: no answer came.' }),
    last_error: z.string().nullable(),
    payload: z.unknown().meta({ description: 'The body that is sent.' }),
    created_at: wireTimestamp,
    updated_at: wireTimestamp,
    log: z
      .array(
        z.strictObject({
          attempt: z.int().min(1),
          at: wireTimestamp,
          status: z.int().nullable(),
          error: z.string().nullable(),
        }),
      )
      .meta({ description: 'The last 20 attempts, latest first.' }),
  })
  .meta({ id: 'WebhookDelivery' });

/** Answer of GET /api/webhooks/ID/deliveries. */
export const deliveriesResponse = z
  .strictObject({ deliveries: z.array(deliveryResponse), next_cursor: z.string().nullable() })
  .meta({ id: 'WebhookDeliveries' });
