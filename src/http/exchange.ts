/** What the middleware learns of a request, kept in one typed place instead of loose `res.locals`. */
import type { Request, Response } from 'express';
import type { AuthenticatedCaller } from './authenticate.ts';

/** Facts about one request and its answer. */
export interface Exchange {
  readonly requestId: string;
  /** Set once a valid key was presented. */
  caller?: AuthenticatedCaller;
}

const exchanges = new WeakMap<Request, Exchange>();

/** Remember the facts about a request. */
export function openExchange(req: Request, exchange: Exchange): void {
  exchanges.set(req, exchange);
}

/** The facts about a request. */
export function exchangeOf(req: Request): Exchange {
  const exchange = exchanges.get(req);
  if (exchange === undefined) throw new Error('The request did not pass the request-context step.');
  return exchange;
}

/** The caller closed the connection before the answer was complete. */
export class CallerLeft extends Error {
  override readonly name = 'CallerLeft';
}

/** A signal that fires when the caller leaves before the answer is complete. */
export function disconnectSignal(res: Response): AbortSignal {
  const controller = new AbortController();
  res.once('close', () => {
    if (!res.writableFinished) controller.abort(new CallerLeft('The caller left.'));
  });
  return controller.signal;
}
