/**
 * What the four paid routes share: scope, body, one job, and the headers that name the pack. A
 * route gives its schema and how the body becomes a job. With `Prefer: respond-async` (RFC 7240) the
 * answer is 202 and the job; else the caller waits for the result.
 */
import { type Request, type RequestHandler, type Response, Router } from 'express';
import type { z } from 'zod';
import type { Scope } from '../accounts/api-keys.ts';
import { parseBody } from '../contract/validation.ts';
import { invalidIdempotencyKey, invalidRequest } from '../errors.ts';
import type { JobKind } from '../jobs/admission.ts';
import { type IdempotencyToken, idempotencyToken } from '../jobs/idempotency.ts';
import type { JobRequest, Operation, Payer } from '../jobs/job.ts';
import type { JobBook } from '../jobs/job-book.ts';
import type { JobService } from '../jobs/job-service.ts';
import { answerOf } from './answers.ts';
import { callerOf, requireScope } from './authenticate.ts';
import { disconnectSignal } from './exchange.ts';
import { setResultHeaders } from './result-headers.ts';
import { wireJob } from './wire-job.ts';

/** One paid route. */
export interface PaidRoute<Schema extends z.ZodType = z.ZodType> {
  readonly operation: Operation & Scope;
  readonly schema: Schema;
  /** Preferences (RFC 7240) of the operation's own, beside `respond-async`. */
  readonly preferences?: readonly string[];
  readonly toJob: (body: z.output<Schema>, preferences: readonly string[]) => JobRequest;
}

/** What paid routes stand on. */
export interface PaidRouteParts {
  readonly jobs: JobService;
  readonly book: JobBook;
  /** Reads a JSON body. */
  readonly readJson: RequestHandler;
}

/** A paid route whose schema is known to nobody else. */
export interface PaidOperation {
  readonly operation: Operation & Scope;
  readonly preferences: readonly string[];
  /** A job of a body. @throws ApiError `invalid_request`. */
  toJob(body: unknown, preferences?: readonly string[]): JobRequest;
}

/** Ties a route's schema to its job. */
export const definePaidRoute = <Schema extends z.ZodType>(
  route: PaidRoute<Schema>,
): PaidOperation => ({
  operation: route.operation,
  preferences: route.preferences ?? [],
  toJob: (body, preferences = []) => route.toJob(parseBody(route.schema, body), preferences),
});

/** Printable ASCII, as the contract limits it. */
const IDEMPOTENCY_KEY = /^[\x20-\x7e]{1,255}$/;

/**
 * The idempotency token of a call.
 * @throws ApiError `invalid_idempotency_key`.
 */
export function idempotencyOf(req: Request, scope: string): IdempotencyToken | undefined {
  const key = req.headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key !== 'string' || !IDEMPOTENCY_KEY.test(key)) throw invalidIdempotencyKey();
  return idempotencyToken(key, scope, req.body);
}

/** Who pays for a call. @throws ApiError `unauthorized`. */
export function payerOf(req: Request): Payer {
  const { accountId, keyId, isSandbox } = callerOf(req);
  return { accountId, keyId, isSandbox };
}

const RESPOND_ASYNC = 'respond-async';

/** Those of some preferences (RFC 7240) that a call names, with or without a value. */
function preferencesOf(req: Request, known: readonly string[]): readonly string[] {
  const named = (req.header('prefer') ?? '')
    .split(/[,;]/)
    .map((preference) => preference.trim().toLowerCase());
  return known.filter((preference) => named.includes(preference));
}

const prefersAsync = (req: Request): boolean => preferencesOf(req, [RESPOND_ASYNC]).length > 0;

/** Fires when the caller leaves, unless the call asks that the job goes on. */
function callerSignal(req: Request, res: Response): AbortSignal {
  const wish = req.header('garnish-on-disconnect');
  if (wish === undefined || wish === 'cancel') return disconnectSignal(res);
  if (wish !== 'continue') {
    throw invalidRequest('Expected "cancel" or "continue" for Garnish-On-Disconnect.');
  }
  return new AbortController().signal;
}

/** Refuses before the body is read; a retry may be answered without room, so it goes on. */
export function refuseEarly(
  jobs: Pick<JobService, 'precheck'>,
  kindOf: (req: Request) => JobKind,
): RequestHandler {
  return (req, _res, next) => {
    if (req.headers['idempotency-key'] === undefined) {
      jobs.precheck(callerOf(req).accountId, kindOf(req));
    }
    next();
  };
}

/** Builds the router of a paid route: `POST /api/<operation>`. */
export function paidRoute(paid: PaidOperation, parts: PaidRouteParts): Router {
  const { operation } = paid;
  const { jobs, book, readJson } = parts;
  const router = Router({ caseSensitive: true, strict: true });
  const early = refuseEarly(jobs, (req) => (prefersAsync(req) ? 'async' : 'sync'));

  const answerAtOnce = async (req: Request, res: Response, request: JobRequest) => {
    const payer = payerOf(req);
    const idempotency = idempotencyOf(req, operation);
    const submitted = await jobs.submit([request], payer, { idempotency });
    const job = book.view(payer.accountId, submitted.jobIds[0] ?? '');
    if (submitted.isReplay) res.setHeader('Idempotent-Replayed', 'true');
    setResultHeaders(res, job.result ?? job);
    res.status(202).location(`/api/jobs/${job.id}`).json(wireJob(job));
  };

  const answerWhenDone = async (req: Request, res: Response, request: JobRequest) => {
    const { result, isReplay } = await jobs.run(request, payerOf(req), {
      signal: callerSignal(req, res),
      idempotency: idempotencyOf(req, operation),
    });
    setResultHeaders(res, result);
    if (isReplay) res.setHeader('Idempotent-Replayed', 'true');
    res.json(answerOf(request, result));
  };

  router.post(`/api/${operation}`, requireScope(operation), early, readJson, async (req, res) => {
    const preferences = preferencesOf(req, [RESPOND_ASYNC, ...paid.preferences]);
    const request = paid.toJob(req.body, preferences);
    if (preferences.length > 0) res.setHeader('Preference-Applied', preferences.join(', '));
    const isAsync = preferences.includes(RESPOND_ASYNC);
    await (isAsync ? answerAtOnce : answerWhenDone)(req, res, request);
  });
  return router;
}
