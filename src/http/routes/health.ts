/** `/healthz`: the process answers. `/readyz`: it can do work. Both exempt from HTTPS. */
import { Router } from 'express';

/** Whether every engine has warmed up and the server is not draining. */
export type Readiness = { readonly isReady: boolean; readonly detail: object };

/** The routes. */
export function healthRoutes(readiness: () => Readiness): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router.get('/healthz', (_req, res) => {
    res.json({ status: 'ok' });
  });
  router.get('/readyz', (_req, res) => {
    const { isReady, detail } = readiness();
    res.status(isReady ? 200 : 503).json({ status: isReady ? 'ready' : 'not_ready', ...detail });
  });
  return router;
}
