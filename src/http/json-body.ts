/**
 * Reads a JSON body within its limits. express.raw does the inflating and counting; charset and
 * UTF-8 are checked here because a body parser would replace broken bytes silently, and the wait
 * for a slow body ends here because Node's own time-out cannot answer in the contract's envelope.
 */
import { isUtf8 } from 'node:buffer';
import express, { type Request, type RequestHandler, type Response } from 'express';
import { invalidJson, requestTimeout, unsupportedMediaType } from '../errors.ts';

/** Limits of a JSON body. */
export interface JsonBodyLimits {
  readonly maxBytes: number;
  readonly timeoutMs: number;
}

function isEmpty(req: Request): boolean {
  const length = req.headers['content-length'];
  return (length === undefined || length === '0') && req.headers['transfer-encoding'] === undefined;
}

function assertJsonType(req: Request): void {
  const header = req.headers['content-type'] ?? '';
  const [type = '', ...parameters] = header.split(';').map((part) => part.trim().toLowerCase());
  if (type !== 'application/json') {
    throw unsupportedMediaType('Send the body as Content-Type: application/json.');
  }
  const charset = parameters.find((parameter) => parameter.startsWith('charset='));
  if (charset !== undefined && !/^charset="?utf-?8"?$/.test(charset)) {
    throw unsupportedMediaType('Send the body in UTF-8.');
  }
}

function parse(body: unknown): unknown {
  if (!Buffer.isBuffer(body) || !isUtf8(body)) throw invalidJson();
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw invalidJson(); // the parser's own sentence quotes the body, so it is left out
  }
}

/** Sets `req.body` to the parsed JSON, or to undefined when there is no body at all. */
export function jsonBody(limits: JsonBodyLimits): RequestHandler {
  const readRaw = express.raw({ type: () => true, limit: limits.maxBytes });
  const read = (req: Request, res: Response): Promise<void> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        res.setHeader('Connection', 'close');
        reject(requestTimeout());
      }, limits.timeoutMs);
      readRaw(req, res, (error?: unknown) => {
        clearTimeout(timer);
        if (error === undefined) resolve();
        else reject(error);
      });
    });
  return async (req, res, next) => {
    if (isEmpty(req)) {
      req.body = undefined;
      next();
      return;
    }
    assertJsonType(req);
    await read(req, res);
    req.body = parse(req.body);
    next();
  };
}
