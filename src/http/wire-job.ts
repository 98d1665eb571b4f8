/** A job as the wire carries it. */
import type { z } from 'zod';
import type { jobResponse } from '../contract/jobs.ts';
import { wireTime } from '../contract/responses.ts';
import type { JobView } from '../jobs/job-book.ts';
import { answerOf } from './answers.ts';

const PROGRESS_STEPS = 1000;

const timeOrNull = (timeMs: number | null): string | null =>
  timeMs === null ? null : wireTime(timeMs);

/** A share done, 0 to 1, in thousandths. */
export const wireShare = (share: number): number =>
  Math.round(share * PROGRESS_STEPS) / PROGRESS_STEPS;

/** The object of GET /api/jobs/ID, of 202 and of the last event. */
export const wireJob = (job: JobView): z.infer<typeof jobResponse> => ({
  id: job.id,
  operation: job.request.operation,
  state: job.state,
  queue_position: job.place,
  estimated_start: timeOrNull(job.estimatedStartMs),
  progress: wireShare(job.progress),
  batch_id: job.batchId,
  created_at: wireTime(job.createdAtMs),
  started_at: timeOrNull(job.startedAtMs),
  finished_at: timeOrNull(job.finishedAtMs),
  expires_at: timeOrNull(job.expiresAtMs),
  result: job.result === null ? null : answerOf(job.request, job.result),
  error: job.error,
});
