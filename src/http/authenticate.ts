/** Who is calling: the key in the Authorization header, and what that key may do. */
import type { Request, RequestHandler } from 'express';
import type { Scope } from '../accounts/api-keys.ts';
import { forbidden, unauthorized } from '../errors.ts';
import { exchangeOf } from './exchange.ts';

/** A caller with a valid key. */
export interface AuthenticatedCaller {
  readonly accountId: string;
  readonly keyId: string;
  readonly scopes: readonly Scope[];
  readonly status: 'active' | 'suspended' | 'cancelled';
  readonly isSandbox: boolean;
}

/**
 * The key of a request, or undefined when the header is missing, malformed or given twice.
 * The scheme's case does not matter (RFC 9110 section 11.1).
 */
export function presentedKey(req: Request): string | undefined {
  const headers = req.headersDistinct['authorization'];
  if (headers?.length !== 1) return undefined;
  return /^bearer ([\x21-\x7e]{1,256})$/i.exec(headers[0] ?? '')?.[1];
}

/** Scopes of what costs credits. */
export const PAID_SCOPES = ['generate', 'enhance', 'remove-background', 'upscale'] as const;

/** Lets a request pass when its key is valid, its account active and its scopes include one of these. */
export function requireScope(...allowed: readonly Scope[]): RequestHandler {
  return (req, _res, next) => {
    const caller = callerOf(req);
    if (caller.status === 'suspended') throw forbidden('This account is suspended.');
    if (!allowed.some((scope) => caller.scopes.includes(scope))) {
      throw forbidden(`This key lacks the scope ${allowed.join(' or ')}.`);
    }
    next();
  };
}

/**
 * The caller of a request.
 * @throws ApiError `unauthorized` when no valid key was presented.
 */
export function callerOf(req: Request): AuthenticatedCaller {
  const { caller } = exchangeOf(req);
  if (caller === undefined) throw unauthorized();
  return caller;
}
