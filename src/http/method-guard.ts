/** 405 for a known path with a method it does not have, 204 for a preflight, 404 for the rest. */
import type { RequestHandler } from 'express';
import { methodNotAllowed, notFound } from '../errors.ts';

/**
 * Path to the methods it answers; a path that ends in `/*` stands for all below it, a part that begins
 * with `:` for any one part.
 */
export type RouteMethods = Readonly<Record<string, readonly string[]>>;

/** Whether a path has the form of a route with parameters. */
function hasForm(path: string, route: string): boolean {
  const parts = path.split('/');
  const wanted = route.split('/');
  return (
    parts.length === wanted.length &&
    wanted.every((part, i) => (part.startsWith(':') ? parts[i] !== '' : part === parts[i]))
  );
}

function methodsOf(routes: RouteMethods, path: string): readonly string[] | undefined {
  const exact = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (exact !== undefined) return exact;
  const below = Object.keys(routes).find((route) =>
    route.endsWith('/*') ? path.startsWith(route.slice(0, -1)) : hasForm(path, route),
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
