/** POST /api/enhance. */
import type { RequestHandler, Router } from 'express';
import type { z } from 'zod';
import { enhanceRequest } from '../../contract/requests.ts';
import { type enhanceResponse, wireTime } from '../../contract/responses.ts';
import type { JobService } from '../../jobs/job-service.ts';
import { paidRoute } from '../paid-route.ts';

/** The route; `readBody` reads JSON. */
export const enhanceRoute = (jobs: JobService, readBody: RequestHandler): Router =>
  paidRoute(
    {
      operation: 'enhance',
      schema: enhanceRequest,
      toJob: ({ imageUrl }) => ({ operation: 'enhance', imageUrl }),
      toAnswer: (result, body): z.infer<typeof enhanceResponse> => ({
        id: result.id,
        status: 'completed',
        credits_used: result.creditsUsed,
        original_url: body.imageUrl,
        enhanced_url: result.url,
        width: result.size.widthPx,
        height: result.size.heightPx,
        created_at: wireTime(result.createdAtMs),
      }),
    },
    jobs,
    readBody,
  );
