/** First step of every request: its id, and one log line when its answer is out. */
import { randomUUID } from 'node:crypto';
import type { RequestHandler } from 'express';
import type { Log } from '../observability/log.ts';
import { exchangeOf, openExchange } from './exchange.ts';

/** Gives each request an id (`X-Request-Id`) and logs method, path, status and duration. */
export function requestContext(log: Log): RequestHandler {
  return (req, res, next) => {
    const requestId = randomUUID();
    const startedMs = performance.now();
    openExchange(req, { requestId });
    res.setHeader('X-Request-Id', requestId);
    res.once('close', () => {
      log.info('request', {
        requestId,
        method: req.method,
        path: req.originalUrl.split('?', 1)[0],
        status: res.writableFinished ? res.statusCode : 499,
        durationMs: Math.round(performance.now() - startedMs),
        accountId: exchangeOf(req).caller?.accountId,
      });
    });
    next();
  };
}
