/** POST /api/upscale. */
import type { RequestHandler, Router } from 'express';
import type { z } from 'zod';
import { upscaleRequest } from '../../contract/requests.ts';
import { type upscaleResponse, wireTime } from '../../contract/responses.ts';
import type { JobResult, PixelSize } from '../../jobs/job.ts';
import type { JobService } from '../../jobs/job-service.ts';
import { paidRoute } from '../paid-route.ts';

const wireSize = (size: PixelSize) => ({ width: size.widthPx, height: size.heightPx });

const toAnswer = (result: JobResult): z.infer<typeof upscaleResponse> => ({
  id: result.id,
  status: 'completed',
  credits_used: result.creditsUsed,
  result_url: result.url,
  original_size: wireSize(result.source),
  upscaled_size: wireSize(result.size),
  created_at: wireTime(result.createdAtMs),
});

/** The route; `readBody` reads JSON. */
export const upscaleRoute = (jobs: JobService, readBody: RequestHandler): Router =>
  paidRoute(
    {
      operation: 'upscale',
      schema: upscaleRequest,
      toJob: (body) => ({ operation: 'upscale', ...body }),
      toAnswer,
    },
    jobs,
    readBody,
  );
