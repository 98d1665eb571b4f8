/**
 * `/cdn/<kind>/<name>`: results, without a key, immutable. Express's own file server does ranges and
 * caching; only names that the result table knows reach it, so that no other file of the folder,
 * temporary file, dotfile or link can be read.
 */
import express, { Router } from 'express';
import { gone, notFound } from '../../errors.ts';

/** What the route asks of the result store. */
export interface ResultFiles {
  /** Folder that holds the kinds. */
  readonly folder: string;
  status(name: string): 'present' | 'expired' | 'unknown';
}

const NAME = /^\/((?:gen|enhanced|nobg|upscaled)\/[a-z0-9]{26}(?:_\d)?\.(?:jpg|png|webp))$/;
const YEAR_MS = 365 * 24 * 3600 * 1000;

/** The route, to be mounted at `/cdn`. */
export function cdnRoute(results: ResultFiles): Router {
  const router = Router();
  const serve = express.static(results.folder, {
    index: false,
    redirect: false,
    dotfiles: 'ignore',
    immutable: true,
    maxAge: YEAR_MS,
    cacheControl: true,
  });
  router.use((req, res, next) => {
    const name = NAME.exec(req.path)?.[1];
    const status = name === undefined ? 'unknown' : results.status(name);
    if (status === 'unknown') throw notFound();
    if (status === 'expired') throw gone();
    res.setHeader('Content-Security-Policy', "default-src 'none'; sandbox");
    res.setHeader('Cross-Origin-Resource-Policy', 'cross-origin');
    serve(req, res, next);
  });
  return router;
}
