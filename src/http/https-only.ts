/** HTTPS is required of callers, but for loopback and where the operator says otherwise. */
import type { Request, RequestHandler } from 'express';
import ipaddr from 'ipaddr.js';
import { httpsRequired } from '../errors.ts';

/** Whether an address is of this machine itself. */
export function isLoopback(address: string | undefined): boolean {
  if (address === undefined || !ipaddr.isValid(address)) return false;
  return ipaddr.process(address).range() === 'loopback';
}

/** Whether a request came over TLS, from loopback, or may come as it is. */
export function isSecureEnough(req: Request, allowHttp: boolean): boolean {
  return allowHttp || req.secure || isLoopback(req.ip);
}

/** Refuses plain HTTP. */
export function httpsOnly(allowHttp: boolean): RequestHandler {
  return (req, _res, next) => {
    next(isSecureEnough(req, allowHttp) ? undefined : httpsRequired());
  };
}
