/**
 * What the four paid routes share: scope, body, one job, and the headers that name the pack. A
 * route gives its schema, how the body becomes a job, and how the result becomes the answer.
 */
import { type Request, type RequestHandler, Router } from 'express';
import type { z } from 'zod';
import type { Scope } from '../accounts/api-keys.ts';
import { parseBody } from '../contract/validation.ts';
import { invalidIdempotencyKey } from '../errors.ts';
import { type IdempotencyToken, idempotencyToken } from '../jobs/idempotency.ts';
import type { JobRequest, JobResult, Operation } from '../jobs/job.ts';
import type { JobService } from '../jobs/job-service.ts';
import { callerOf, requireScope } from './authenticate.ts';
import { disconnectSignal } from './exchange.ts';

/** One paid route. */
export interface PaidRoute<Schema extends z.ZodType> {
  readonly operation: Operation & Scope;
  readonly schema: Schema;
  readonly toJob: (body: z.output<Schema>) => JobRequest;
  readonly toAnswer: (result: JobResult, body: z.output<Schema>) => object;
}

/** Printable ASCII, as the contract limits it. */
const IDEMPOTENCY_KEY = /^[\x20-\x7e]{1,255}$/;

function idempotencyOf(req: Request, operation: Operation): IdempotencyToken | undefined {
  const key = req.headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key !== 'string' || !IDEMPOTENCY_KEY.test(key)) throw invalidIdempotencyKey();
  return idempotencyToken(key, operation, req.body);
}

/** Builds the router of a paid route: `POST /api/<operation>`. */
export function paidRoute<Schema extends z.ZodType>(
  route: PaidRoute<Schema>,
  jobs: JobService,
  readBody: RequestHandler,
): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router.post(
    `/api/${route.operation}`,
    requireScope(route.operation),
    readBody,
    async (req: Request, res) => {
      const body = parseBody(route.schema, req.body);
      const { accountId, keyId, isSandbox } = callerOf(req);
      const { result, isReplay } = await jobs.run(
        route.toJob(body),
        { accountId, keyId, isSandbox },
        { signal: disconnectSignal(res), idempotency: idempotencyOf(req, route.operation) },
      );
      res.setHeader('X-Model-Pack', result.packId);
      if (isReplay) res.setHeader('Idempotent-Replayed', 'true');
      res.json(route.toAnswer(result, body));
    },
  );
  return router;
}
