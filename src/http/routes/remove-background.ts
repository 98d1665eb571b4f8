/** POST /api/remove-background. */
import type { RequestHandler, Router } from 'express';
import type { z } from 'zod';
import { removeBackgroundRequest } from '../../contract/requests.ts';
import { type removeBackgroundResponse, wireTime } from '../../contract/responses.ts';
import type { JobResult } from '../../jobs/job.ts';
import type { JobService } from '../../jobs/job-service.ts';
import { paidRoute } from '../paid-route.ts';

const toAnswer = (result: JobResult): z.infer<typeof removeBackgroundResponse> => ({
  id: result.id,
  status: 'completed',
  credits_used: result.creditsUsed,
  result_url: result.url,
  format: result.format,
  created_at: wireTime(result.createdAtMs),
});

/** The route; `readBody` reads JSON. */
export const removeBackgroundRoute = (jobs: JobService, readBody: RequestHandler): Router =>
  paidRoute(
    {
      operation: 'remove-background',
      schema: removeBackgroundRequest,
      toJob: (body) => ({ operation: 'remove-background', ...body }),
      toAnswer,
    },
    jobs,
    readBody,
  );
