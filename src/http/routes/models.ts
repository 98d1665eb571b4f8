/** GET /api/models: the contract's three ids, no key needed. */
import { Router } from 'express';
import type { z } from 'zod';
import type { modelsResponse } from '../../contract/responses.ts';

/** The route. */
export function modelsRoute(models: z.infer<typeof modelsResponse>['models']): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router.get('/api/models', (_req, res) => {
    res.json({ models });
  });
  return router;
}
