/**
 * First step of every `/api/*` request: finds out who calls, counts the request where the contract
 * counts it, and sets `X-RateLimit-Remaining` and `X-RateLimit-Reset` on whatever answer follows,
 * and `X-Sandbox` when a sandbox key calls.
 * The contract's six routes count on the account's windows; the rest, and callers without a valid
 * key, on their address.
 */
import type { Request, RequestHandler, Response } from 'express';
import { ipKeyGenerator, type RateLimitRequestHandler, rateLimit } from 'express-rate-limit';
import { httpsRequired, rateLimitExceeded } from '../errors.ts';
import { type AuthenticatedCaller, presentedKey } from './authenticate.ts';
import { exchangeOf } from './exchange.ts';
import { isSecureEnough } from './https-only.ts';

/** Where a caller stands in a window after one more request. */
export interface WindowState {
  readonly allowed: boolean;
  readonly remaining: number;
  /** End of the window, Unix seconds. */
  readonly resetUnixS: number;
  readonly retryAfterS: number;
}

/** What the guard needs. */
export interface RateGuardOptions {
  readonly allowHttp: boolean;
  readonly anonymousPerMinute: number;
  readonly addressPerMinute: number;
  /** The owner of a key, or undefined for one that is unknown, revoked or expired. */
  authenticate(key: string): AuthenticatedCaller | undefined;
  /** Count one request on the windows of a caller's account. */
  hit(caller: AuthenticatedCaller): WindowState;
}

const MINUTE_MS = 60_000;
/** Addresses of one IPv6 customer: a rotation inside a /56 gains nothing. */
const IPV6_PREFIX_BITS = 56;

/** The contract's routes, which count on the account; a batch counts once. */
const CONTRACT_PATHS: ReadonlySet<string> = new Set([
  '/api/generate',
  '/api/enhance',
  '/api/remove-background',
  '/api/upscale',
  '/api/models',
  '/api/account/credits',
  '/api/batches',
]);

function addressWindow(perMinute: number): (req: Request, res: Response) => Promise<WindowState> {
  const limiter: RateLimitRequestHandler = rateLimit({
    windowMs: MINUTE_MS,
    limit: perMinute,
    standardHeaders: false,
    legacyHeaders: false,
    keyGenerator: (req) => ipKeyGenerator(req.ip ?? '', IPV6_PREFIX_BITS),
    requestPropertyName: 'addressWindow',
    handler: (_req, _res, next) => next(), // refusing is the guard's business
    // A proxy's header that we were not told to trust is ignored, which is what we want: no warning.
    validate: { xForwardedForHeader: false },
  });
  return async (req, res) => {
    await new Promise<void>((resolve, reject) => {
      const done = (error?: unknown) => (error === undefined ? resolve() : reject(error));
      Promise.resolve(limiter(req, res, done)).catch(reject);
    });
    const { addressWindow: info } = req as unknown as {
      addressWindow: { used: number; resetTime?: Date };
    };
    const resetMs = info.resetTime?.getTime() ?? Date.now() + MINUTE_MS;
    return {
      allowed: info.used <= perMinute,
      remaining: Math.max(0, perMinute - info.used),
      resetUnixS: Math.ceil(resetMs / 1000),
      retryAfterS: Math.max(1, Math.ceil((resetMs - Date.now()) / 1000)),
    };
  };
}

/** The guard; mount it before every `/api` route, also before the 404. */
export function rateGuard(options: RateGuardOptions): RequestHandler {
  const anonymous = addressWindow(options.anonymousPerMinute);
  const address = addressWindow(options.addressPerMinute);

  const windowOf = (req: Request, res: Response): Promise<WindowState> | WindowState => {
    const { caller } = exchangeOf(req);
    if (caller === undefined) return anonymous(req, res);
    return CONTRACT_PATHS.has(req.originalUrl.split('?', 1)[0] ?? '')
      ? options.hit(caller)
      : address(req, res);
  };

  return async (req, res, next) => {
    const isSecure = isSecureEnough(req, options.allowHttp);
    const key = isSecure ? presentedKey(req) : undefined;
    const caller = key === undefined ? undefined : options.authenticate(key);
    if (caller !== undefined) exchangeOf(req).caller = caller;
    if (caller?.isSandbox) res.setHeader('X-Sandbox', 'true');
    const window = await windowOf(req, res);
    res.setHeader('X-RateLimit-Remaining', String(window.remaining));
    res.setHeader('X-RateLimit-Reset', String(window.resetUnixS));
    if (!window.allowed) throw rateLimitExceeded(window.retryAfterS);
    if (!isSecure) throw httpsRequired();
    next();
  };
}
