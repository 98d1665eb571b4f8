/** The job routes (ours): requests and answers of /api/jobs. */
import { z } from 'zod';
import {
  enhanceResponse,
  generateResponse,
  jobId,
  removeBackgroundResponse,
  upscaleResponse,
  wireTimestamp,
} from './responses.ts';

const MAX_PAGE = 100;
const DEFAULT_PAGE = 20;

/** Query of GET /api/jobs. */
export const jobsQuery = z.object({
  limit: z.coerce
    .number(`a whole number from 1 to ${MAX_PAGE}`)
    .int(`a whole number from 1 to ${MAX_PAGE}`)
    .min(1)
    .max(MAX_PAGE)
    .default(DEFAULT_PAGE),
  cursor: z.string().max(128).optional().meta({ description: '`next_cursor` of the page before.' }),
});

/** A job: what GET /api/jobs/ID and 202 answer. */
export const jobResponse = z
  .strictObject({
    id: jobId,
    operation: z.enum(['generate', 'enhance', 'remove-background', 'upscale']),
    state: z.enum(['queued', 'running', 'completed', 'failed', 'cancelled']),
    queue_position: z.int().min(0).nullable().meta({
      description: 'Jobs that start before it; null when it does not wait for a slot.',
    }),
    estimated_start: wireTimestamp.nullable(),
    progress: z.number().min(0).max(1),
    batch_id: z.string().nullable(),
    created_at: wireTimestamp,
    started_at: wireTimestamp.nullable(),
    finished_at: wireTimestamp.nullable(),
    expires_at: wireTimestamp.nullable().meta({ description: 'After it the job answers 410.' }),
    result: z
      .union([generateResponse, enhanceResponse, removeBackgroundResponse, upscaleResponse])
      .nullable()
      .meta({ description: 'What the synchronous call answers.' }),
    error: z.strictObject({ code: z.string(), message: z.string() }).nullable(),
  })
  .meta({ id: 'Job' });

/** Answer of GET /api/jobs. */
export const jobsResponse = z
  .strictObject({ jobs: z.array(jobResponse), next_cursor: z.string().nullable() })
  .meta({ id: 'Jobs' });
