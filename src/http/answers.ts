/** What the contract answers for the result of a job: exactly its keys, in its order. */
import type { z } from 'zod';
import {
  type enhanceResponse,
  type generateResponse,
  type removeBackgroundResponse,
  type upscaleResponse,
  wireTime,
} from '../contract/responses.ts';
import type { JobRequest, JobResult, PixelSize } from '../jobs/job.ts';

type Answers = {
  generate: z.infer<typeof generateResponse>;
  enhance: z.infer<typeof enhanceResponse>;
  'remove-background': z.infer<typeof removeBackgroundResponse>;
  upscale: z.infer<typeof upscaleResponse>;
};

/** The answer of a synchronous call, which is also the `result` of a job. */
export type WireAnswer = Answers[keyof Answers];

const wireSize = (size: PixelSize) => ({ width: size.widthPx, height: size.heightPx });

const begin = (result: JobResult) => ({
  id: result.id,
  status: 'completed' as const,
  credits_used: result.creditsUsed,
});

/** The answer for a result of a request. */
export function answerOf(request: JobRequest, result: JobResult): WireAnswer {
  const created_at = wireTime(result.createdAtMs);
  const [image] = result.images;
  switch (request.operation) {
    case 'generate': {
      const images = result.images.map(({ url, size }) => ({ url, ...wireSize(size) }));
      return { ...begin(result), images, model: request.model, created_at };
    }
    case 'enhance':
      return {
        ...begin(result),
        original_url: request.imageUrl,
        enhanced_url: image.url,
        ...wireSize(image.size),
        created_at,
      };
    case 'remove-background':
      return { ...begin(result), result_url: image.url, format: image.format, created_at };
    case 'upscale':
      return {
        ...begin(result),
        result_url: image.url,
        original_size: wireSize(result.source ?? image.size),
        upscaled_size: wireSize(image.size),
        created_at,
      };
    default:
      return request satisfies never;
  }
}
