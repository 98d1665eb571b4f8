/** The Express application: order of the steps, and which route stands behind which. */
import express, { type Express } from 'express';
import helmet from 'helmet';
import type { z } from 'zod';
import type { Prices } from '../accounts/prices.ts';
import type { modelsResponse } from '../contract/responses.ts';
import { notFound } from '../errors.ts';
import type { BatchBook } from '../jobs/batch-book.ts';
import type { JobBook } from '../jobs/job-book.ts';
import type { JobService } from '../jobs/job-service.ts';
import type { WebhookBook } from '../jobs/webhooks/webhook-book.ts';
import type { Log } from '../observability/log.ts';
import type { WindowState } from './address-windows.ts';
import type { AuthenticatedCaller } from './authenticate.ts';
import { errorEdge } from './error-edge.ts';
import type { EventStreams } from './event-streams.ts';
import { httpsOnly } from './https-only.ts';
import { jsonBody } from './json-body.ts';
import { localCallersOnly } from './local-callers.ts';
import { methodGuard, type RouteMethods } from './method-guard.ts';
import { pagesRouter } from './pages/pages.ts';
import { paidRoute } from './paid-route.ts';
import { rateGuard } from './rate-guard.ts';
import { requestContext } from './request-context.ts';
import { ADMIN_METHODS, type AdminPacks, adminPacksRoute } from './routes/admin-packs.ts';
import { batchesRoute } from './routes/batches.ts';
import { cdnRoute, type ResultFiles } from './routes/cdn.ts';
import { type CreditsSummary, creditsRoute } from './routes/credits.ts';
import { enhanceRoute } from './routes/enhance.ts';
import { generateRoute } from './routes/generate.ts';
import { healthRoutes, type Readiness } from './routes/health.ts';
import { jobsRoute } from './routes/jobs.ts';
import { modelsRoute } from './routes/models.ts';
import { PLATFORM_METHODS, type PlatformRouteParts, platformsRoute } from './routes/platforms.ts';
import { removeBackgroundRoute } from './routes/remove-background.ts';
import { type UploadsOptions, uploadsRoute } from './routes/uploads.ts';
import { upscaleRoute } from './routes/upscale.ts';
import { WEBHOOK_METHODS, webhooksRoute } from './routes/webhooks.ts';

/** Everything the HTTP layer stands on. */
export interface AppParts {
  readonly log: Log;
  readonly version: string;
  readonly publicUrl: string;
  readonly trustProxy: number;
  readonly allowHttp: boolean;
  readonly anonymousPerMinute: number;
  readonly addressPerMinute: number;
  readonly maxBodyBytes: number;
  readonly maxBatchBodyBytes: number;
  readonly bodyTimeoutMs: number;
  readonly prices: Prices;
  readonly jobs: JobService;
  readonly book: JobBook;
  readonly streams: EventStreams;
  readonly batches: BatchBook;
  readonly newBatchId: () => string;
  readonly models: z.infer<typeof modelsResponse>['models'];
  readonly results: ResultFiles;
  readonly uploads: UploadsOptions;
  readonly webhooks: WebhookBook;
  readonly adminPacks: AdminPacks;
  /** Whether the admin routes have a listener of their own, and are not here. */
  readonly hasAdminListener: boolean;
  readonly platforms: PlatformRouteParts['platforms'];
  readonly measurer: PlatformRouteParts['measurer'];
  authenticate(key: string): AuthenticatedCaller | undefined;
  hit(caller: AuthenticatedCaller): WindowState;
  /** Milliseconds UTC that never go backwards. */
  now(): number;
  creditsOf(accountId: string): CreditsSummary;
  readiness(): Readiness;
}

/** Every path and what it answers. */
const ROUTES: RouteMethods = {
  '/api/generate': ['POST'],
  '/api/enhance': ['POST'],
  '/api/remove-background': ['POST'],
  '/api/upscale': ['POST'],
  '/api/uploads': ['POST'],
  '/api/jobs': ['GET'],
  '/api/jobs/:id': ['GET', 'DELETE'],
  '/api/jobs/:id/events': ['GET'],
  '/api/batches': ['POST'],
  '/api/batches/:id': ['GET', 'DELETE'],
  '/api/batches/:id/items': ['GET'],
  '/api/batches/:id/results.zip': ['GET'],
  '/api/models': ['GET'],
  '/api/account/credits': ['GET'],
  '/': ['GET'],
  '/healthz': ['GET'],
  '/readyz': ['GET'],
  '/openapi.json': ['GET'],
  '/docs': ['GET'],
  '/docs/*': ['GET'],
  '/assets/*': ['GET'],
  '/dashboard/billing': ['GET'],
  '/cdn/*': ['GET'],
  ...WEBHOOK_METHODS,
  ...PLATFORM_METHODS,
};

const PAID_OPERATIONS = [generateRoute, enhanceRoute, removeBackgroundRoute, upscaleRoute];

/** Builds the application. */
export function createApp(parts: AppParts): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('trust proxy', parts.trustProxy);
  app.set('case sensitive routing', true);
  app.set('strict routing', true);
  app.set('etag', false); // answers are about one moment; the CDN files have their own tags
  const readJson = jsonBody({ maxBytes: parts.maxBodyBytes, timeoutMs: parts.bodyTimeoutMs });

  app.use(requestContext(parts.log));
  app.use(
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'self'"],
          imgSrc: ["'self'", 'data:'],
          frameAncestors: ["'none'"],
        },
      },
      strictTransportSecurity: false, // the operator's proxy or certificate decides
    }),
  );
  app.use('/api', rateGuard(parts));
  app.use(methodGuard(parts.hasAdminListener ? ROUTES : { ...ROUTES, ...ADMIN_METHODS }));
  app.use(
    ...PAID_OPERATIONS.map((operation) => paidRoute(operation, { ...parts, readJson })),
    jobsRoute(parts),
    batchesRoute({
      ...parts,
      operations: PAID_OPERATIONS,
      readJson: jsonBody({ maxBytes: parts.maxBatchBodyBytes, timeoutMs: parts.bodyTimeoutMs }),
    }),
    uploadsRoute(parts.uploads),
    platformsRoute({ ...parts, readJson }),
    modelsRoute(parts.models),
    creditsRoute(parts.creditsOf),
    webhooksRoute(parts.webhooks, readJson),
  );
  if (!parts.hasAdminListener) {
    app.use(adminPacksRoute(parts.adminPacks, readJson, [localCallersOnly]));
  }

  app.use(healthRoutes(parts.readiness));
  app.use(httpsOnly(parts.allowHttp));
  app.use('/cdn', cdnRoute(parts.results));
  app.use(pagesRouter({ baseUrl: parts.publicUrl, version: parts.version, prices: parts.prices }));
  app.use(() => {
    throw notFound();
  });
  app.use(
    errorEdge({
      log: parts.log,
      upgradeUrl: `${parts.publicUrl}/dashboard/billing`,
      maxBodyBytes: parts.maxBodyBytes,
    }),
  );
  return app;
}
