/**
 * Lets callers on this machine pass and nobody else. Judged by the socket, never by a header; a request that a proxy
 * passed on comes from somewhere else, whatever its socket says.
 */
import type { RequestHandler } from 'express';
import { forbidden } from '../errors.ts';
import { isLoopback } from './https-only.ts';

const PROXY_HEADERS = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'];

/** @throws ApiError `forbidden` for a caller elsewhere. */
export const localCallersOnly: RequestHandler = (req, _res, next) => {
  const isProxied = PROXY_HEADERS.some((name) => req.headers[name] !== undefined);
  if (isProxied || !isLoopback(req.socket.remoteAddress)) {
    throw forbidden('Admin routes answer callers on the same machine only.');
  }
  next();
};
