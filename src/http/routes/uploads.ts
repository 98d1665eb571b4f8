/**
 * POST /api/uploads: a local picture becomes an `image_url` that only this server can read. The file
 * streams to disk as it arrives; the engine process, not this one, looks into it.
 */
import { rm } from 'node:fs/promises';
import { type Request, type RequestHandler, type Response, Router } from 'express';
import multer, { MulterError } from 'multer';
import type { z } from 'zod';
import { type uploadResponse, wireTime } from '../../contract/responses.ts';
import {
  invalidRequest,
  payloadTooLarge,
  requestTimeout,
  unsupportedMediaType,
} from '../../errors.ts';
import type { UploadIntake } from '../../jobs/upload-intake.ts';
import { callerOf, requireScope } from '../authenticate.ts';
import { disconnectSignal } from '../exchange.ts';

/** What the route needs. */
export interface UploadsOptions {
  /** Folder the file streams into before it is known to be a picture. */
  readonly stagingFolder: string;
  readonly maxBytes: number;
  readonly timeoutMs: number;
  readonly intake: Pick<UploadIntake, 'take'>;
}

/** An error of the disk or the network has a code such as ENOSPC; one of the multipart parser has none. */
const isSystemError = (error: object): boolean =>
  'code' in error && typeof error.code === 'string' && /^E[A-Z]+$/.test(error.code);

function uploadError(error: unknown, maxBytes: number): unknown {
  if (error instanceof MulterError) {
    return error.code === 'LIMIT_FILE_SIZE'
      ? payloadTooLarge(maxBytes)
      : invalidRequest('Expected one file in the field "file" and nothing else of that kind.');
  }
  return error instanceof Error && !isSystemError(error)
    ? invalidRequest('The multipart body could not be read.')
    : error;
}

function receiver(options: UploadsOptions): (req: Request, res: Response) => Promise<void> {
  const receive = multer({
    dest: options.stagingFolder, // multer names files by 16 random bytes; the caller's name is ignored
    limits: { fileSize: options.maxBytes, files: 1, fields: 8, parts: 9, fieldSize: 1024 },
  }).single('file');
  return (req, res) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        res.setHeader('Connection', 'close');
        reject(requestTimeout());
      }, options.timeoutMs);
      receive(req, res, (error?: unknown) => {
        clearTimeout(timer);
        if (error === undefined) resolve();
        else reject(uploadError(error, options.maxBytes));
      });
    });
}

/** Only multipart bodies are read. */
const multipartOnly: RequestHandler = (req, _res, next) => {
  if (!/^multipart\/form-data\s*(;|$)/i.test(req.headers['content-type'] ?? '')) {
    throw unsupportedMediaType('Send the picture as multipart/form-data, in the field "file".');
  }
  next();
};

/** The route. */
export function uploadsRoute(options: UploadsOptions): Router {
  const router = Router({ caseSensitive: true, strict: true });
  const receive = receiver(options);
  const scopes = requireScope('generate', 'enhance', 'remove-background', 'upscale');
  router.post('/api/uploads', scopes, multipartOnly, async (req, res) => {
    await receive(req, res);
    if (req.file === undefined) throw invalidRequest('Expected a file in the field "file".');
    const { path, size } = req.file;
    try {
      const { accountId } = callerOf(req);
      const file = { path, bytes: size, accountId };
      const upload = await options.intake.take(file, disconnectSignal(res));
      const answer: z.infer<typeof uploadResponse> = {
        image_url: upload.url,
        width: upload.widthPx,
        height: upload.heightPx,
        expires_at: wireTime(upload.expiresAtMs),
      };
      res.json(answer);
    } finally {
      await rm(path, { force: true });
    }
  });
  return router;
}
