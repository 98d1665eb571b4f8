/** 405 for a known path with a method it does not have, 204 for a preflight, 404 for the rest. */
import type { RequestHandler } from 'express';
import { methodNotAllowed, notFound } from '../errors.ts';

/** Path to the methods it answers; a path that ends in `/*` stands for all below it. */
export type RouteMethods = Readonly<Record<string, readonly string[]>>;

function methodsOf(routes: RouteMethods, path: string): readonly string[] | undefined {
  const exact = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (exact !== undefined) return exact;
  const below = Object.keys(routes).find(
    (route) => route.endsWith('/*') && path.startsWith(route.slice(0, -1)),
  );
  return below === undefined ? undefined : routes[below];
}

/**
 * Comes before the routes. A CORS preflight is answered without `Access-Control-Allow-Origin`, so a
 * browser page of another origin may not call this server.
 */
export function methodGuard(routes: RouteMethods): RequestHandler {
  return (req, res, next) => {
    const methods = methodsOf(routes, req.path);
    if (methods === undefined) throw notFound();
    const allow = methods.includes('GET') ? [...methods, 'HEAD'] : methods;
    if (req.method === 'OPTIONS') {
      res.status(204).setHeader('Allow', allow.join(', ')).end();
      return;
    }
    if (!allow.includes(req.method)) throw methodNotAllowed(allow.join(', '));
    next();
  };
}
