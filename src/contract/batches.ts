/** The batch routes (ours): requests and answers of /api/batches. */
import { z } from 'zod';
import { jobResponse } from './jobs.ts';
import { wireTimestamp } from './responses.ts';

/** Items a batch may have. */
export const MAX_BATCH_ITEMS = 500;

const operation = z.enum(['generate', 'enhance', 'remove-background', 'upscale']);

/** POST /api/batches; each item is then checked as a body of the operation's own route. */
export const batchRequest = z
  .object({
    operation,
    items: z
      .array(z.unknown())
      .min(1)
      .max(MAX_BATCH_ITEMS)
      .meta({ description: 'Bodies of the operation, as its own route takes them.' }),
  })
  .meta({ id: 'BatchRequest' });

const count = z.int().min(0);

/** A batch: what 202 and GET /api/batches/ID answer. */
export const batchResponse = z
  .strictObject({
    id: z.string().regex(/^batch_[a-z0-9]{26}$/),
    operation,
    state: z.enum(['running', 'completed', 'cancelled']).meta({
      description: 'completed: every item has ended, some may have failed.',
    }),
    total: count,
    queued: count,
    running: count,
    completed: count,
    failed: count,
    cancelled: count,
    progress: z.number().min(0).max(1),
    credits_used: count,
    created_at: wireTimestamp,
    finished_at: wireTimestamp.nullable(),
  })
  .meta({ id: 'Batch' });

/** Answer of GET /api/batches/ID/items. */
export const batchItemsResponse = z
  .strictObject({ items: z.array(jobResponse) })
  .meta({ id: 'BatchItems' });
