/** POST /api/generate. */
import type { RequestHandler, Router } from 'express';
import type { z } from 'zod';
import { generateRequest } from '../../contract/requests.ts';
import { type generateResponse, wireTime } from '../../contract/responses.ts';
import type { JobService } from '../../jobs/job-service.ts';
import { paidRoute } from '../paid-route.ts';

/** The route; `readBody` reads JSON. */
export const generateRoute = (jobs: JobService, readBody: RequestHandler): Router =>
  paidRoute(
    {
      operation: 'generate',
      schema: generateRequest,
      toJob: ({ model, count, options }) => ({
        operation: 'generate',
        model,
        count,
        imageUrl: options.imageUrl,
      }),
      toAnswer: (result, body): z.infer<typeof generateResponse> => ({
        id: result.id,
        status: 'completed',
        credits_used: result.creditsUsed,
        images: [{ url: result.url, width: result.size.widthPx, height: result.size.heightPx }],
        model: body.model,
        created_at: wireTime(result.createdAtMs),
      }),
    },
    jobs,
    readBody,
  );
