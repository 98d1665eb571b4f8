/** The one place that turns a failure into the contract's envelope. */
import type { ErrorRequestHandler, Response } from 'express';
import {
  ApiError,
  invalidRequest,
  payloadTooLarge,
  rangeNotSatisfiable,
  unsupportedMediaType,
} from '../errors.ts';
import { diskFailure } from '../fetching/disk-failure.ts';
import { errorFields, type Log } from '../observability/log.ts';
import { CallerLeft, exchangeOf } from './exchange.ts';

/** What the edge needs to know. */
export interface ErrorEdgeOptions {
  readonly log: Log;
  readonly upgradeUrl: string;
  readonly maxBodyBytes: number;
}

/** express and body-parser errors carry a `type` and a `status`. */
function foreignError(error: unknown, maxBodyBytes: number): ApiError {
  const { type, status } = (error ?? {}) as { type?: unknown; status?: unknown };
  if (type === 'entity.too.large') return payloadTooLarge(maxBodyBytes);
  if (type === 'encoding.unsupported') {
    return unsupportedMediaType('Send the body plain, or encoded with gzip, deflate or br.');
  }
  if (status === 416) return rangeNotSatisfiable();
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return invalidRequest('The request could not be read.');
  }
  return diskFailure(error);
}

function envelope(error: ApiError, upgradeUrl: string): object {
  const { credits } = error.details;
  const extra =
    credits === undefined
      ? {}
      : {
          required_credits: credits.required,
          available_credits: credits.available,
          upgrade_url: upgradeUrl,
        };
  return { error: { code: error.code, message: error.message, ...extra } };
}

function setErrorHeaders(res: Response, error: ApiError): void {
  const { retryAfterS, allow } = error.details;
  if (retryAfterS !== undefined) res.setHeader('Retry-After', String(Math.ceil(retryAfterS)));
  if (allow !== undefined) res.setHeader('Allow', allow);
  if (error.status === 401) res.setHeader('WWW-Authenticate', 'Bearer');
  if (error.code === 'shutting_down' || error.status === 413) res.setHeader('Connection', 'close');
}

const hasCallerLeft = (thrown: unknown): boolean =>
  thrown instanceof CallerLeft ||
  (thrown instanceof ApiError && thrown.details.cause instanceof CallerLeft);

/** Express error handler: envelope, headers, and a log line for what is our fault. */
export function errorEdge(options: ErrorEdgeOptions): ErrorRequestHandler {
  return (thrown: unknown, req, res, _next) => {
    if (hasCallerLeft(thrown)) return; // nobody to answer; the request line says 499
    const error = thrown instanceof ApiError ? thrown : foreignError(thrown, options.maxBodyBytes);
    if (error.status >= 500 || error.details.cause !== undefined) {
      const level = error.status === 500 ? 'error' : 'info';
      options.log[level]('request-failed', {
        requestId: exchangeOf(req).requestId,
        code: error.code,
        ...errorFields(error.details.cause ?? error),
      });
    }
    if (res.headersSent) {
      res.destroy();
      return;
    }
    setErrorHeaders(res, error);
    res.status(error.status).json(envelope(error, options.upgradeUrl));
  };
}
