/**
 * First step of every `/api/*` request: finds out who calls, counts the request where the contract
 * counts it, and sets `X-RateLimit-Remaining` and `X-RateLimit-Reset` on whatever answer follows,
 * and `X-Sandbox` when a sandbox key calls.
 * The contract's six routes, batches and preflights count on the account's windows; the rest, and callers without a valid
 * key, on their address.
 */
import type { Request, RequestHandler } from 'express';
import { httpsRequired, rateLimitExceeded } from '../errors.ts';
import { AddressWindows, type WindowState } from './address-windows.ts';
import { type AuthenticatedCaller, presentedKey } from './authenticate.ts';
import { exchangeOf } from './exchange.ts';
import { isSecureEnough } from './https-only.ts';

/** What the guard needs. */
export interface RateGuardOptions {
  readonly allowHttp: boolean;
  readonly anonymousPerMinute: number;
  readonly addressPerMinute: number;
  /** The owner of a key, or undefined for one that is unknown, revoked or expired. */
  authenticate(key: string): AuthenticatedCaller | undefined;
  /** Count one request on the windows of a caller's account. */
  hit(caller: AuthenticatedCaller): WindowState;
  /** Milliseconds UTC that never go backwards. */
  now(): number;
}

/** The contract's routes and what works as they do, which count on the account; a batch counts once. */
const CONTRACT_PATHS: ReadonlySet<string> = new Set([
  '/api/generate',
  '/api/enhance',
  '/api/remove-background',
  '/api/upscale',
  '/api/models',
  '/api/account/credits',
  '/api/batches',
  '/api/preflight',
]);

/** The guard; mount it before every `/api` route, also before the 404. */
export function rateGuard(options: RateGuardOptions): RequestHandler {
  const anonymous = new AddressWindows(options.anonymousPerMinute, options.now);
  const known = new AddressWindows(options.addressPerMinute, options.now);

  const windowOf = (req: Request): WindowState => {
    const { caller } = exchangeOf(req);
    if (caller === undefined) return anonymous.hit(req.ip ?? '');
    return CONTRACT_PATHS.has(req.originalUrl.split('?', 1)[0] ?? '')
      ? options.hit(caller)
      : known.hit(req.ip ?? '');
  };

  return (req, res, next) => {
    const isSecure = isSecureEnough(req, options.allowHttp);
    const key = isSecure ? presentedKey(req) : undefined;
    const caller = key === undefined ? undefined : options.authenticate(key);
    if (caller !== undefined) exchangeOf(req).caller = caller;
    if (caller?.isSandbox) res.setHeader('X-Sandbox', 'true');
    const window = windowOf(req);
    res.setHeader('X-RateLimit-Remaining', String(window.remaining));
    res.setHeader('X-RateLimit-Reset', String(window.resetUnixS));
    if (!window.allowed) throw rateLimitExceeded(window.retryAfterS);
    if (!isSecure) throw httpsRequired();
    next();
  };
}
