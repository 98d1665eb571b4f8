/** The application of the admin listener: the admin routes and nothing else. */
import express, { type Express } from 'express';
import type { AppParts } from './app.ts';
import { errorEdge } from './error-edge.ts';
import { jsonBody } from './json-body.ts';
import { methodGuard } from './method-guard.ts';
import { rateGuard } from './rate-guard.ts';
import { requestContext } from './request-context.ts';
import { ADMIN_METHODS, adminPacksRoute } from './routes/admin-packs.ts';

/** Builds it; who may reach its address is for the operator to decide. */
export function createAdminApp(parts: AppParts): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('case sensitive routing', true);
  app.set('strict routing', true);
  app.set('etag', false);
  const readJson = jsonBody({ maxBytes: parts.maxBodyBytes, timeoutMs: parts.bodyTimeoutMs });
  app.use(requestContext(parts.log));
  app.use(rateGuard(parts));
  app.use(methodGuard(ADMIN_METHODS));
  app.use(adminPacksRoute(parts.adminPacks, readJson, []));
  app.use(
    errorEdge({
      log: parts.log,
      upgradeUrl: `${parts.publicUrl}/dashboard/billing`,
      maxBodyBytes: parts.maxBodyBytes,
    }),
  );
  return app;
}
