/**
 * What the four paid routes share: scope, body, one job, and the headers that name the pack. A
 * route gives its schema, how the body becomes a job, and how the result becomes the answer.
 */
import { type Request, type RequestHandler, Router } from 'express';
import type { z } from 'zod';
import type { Scope } from '../accounts/api-keys.ts';
import { parseBody } from '../contract/validation.ts';
import type { JobRequest, JobResult, Operation, Payer } from '../jobs/job.ts';
import { callerOf, requireScope } from './authenticate.ts';
import { disconnectSignal } from './exchange.ts';

/** The jobs layer, as the routes see it. */
export interface JobRunner {
  /** Runs a job to its settled end. @throws ApiError; then nothing was charged. */
  run(request: JobRequest, payer: Payer, signal: AbortSignal): Promise<JobResult>;
}

/** One paid route. */
export interface PaidRoute<Schema extends z.ZodType> {
  readonly operation: Operation & Scope;
  readonly schema: Schema;
  readonly toJob: (body: z.output<Schema>) => JobRequest;
  readonly toAnswer: (result: JobResult, body: z.output<Schema>) => object;
}

/** Builds the router of a paid route: `POST /api/<operation>`. */
export function paidRoute<Schema extends z.ZodType>(
  route: PaidRoute<Schema>,
  jobs: JobRunner,
  readBody: RequestHandler,
): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router.post(
    `/api/${route.operation}`,
    requireScope(route.operation),
    readBody,
    async (req: Request, res) => {
      const body = parseBody(route.schema, req.body);
      const { accountId, keyId } = callerOf(req);
      const job = route.toJob(body);
      const result = await jobs.run(job, { accountId, keyId }, disconnectSignal(res));
      res.setHeader('X-Model-Pack', result.packId);
      res.json(route.toAnswer(result, body));
    },
  );
  return router;
}
