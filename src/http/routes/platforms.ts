/**
 * GET /api/platforms and /api/platforms/ID: what platforms ask of photographs. POST /api/preflight: one picture
 * judged by it. Reading needs the scope `read`; a preflight makes the server fetch and the engine work, so it
 * needs one of the paid scopes and counts on the account's windows, but costs no credits.
 */
import { type RequestHandler, Router } from 'express';
import type { z } from 'zod';
import { type platformsResponse, preflightRequest } from '../../contract/platforms.ts';
import { parseBody } from '../../contract/validation.ts';
import { invalidRequest, notFound } from '../../errors.ts';
import type { PictureMeasurer } from '../../jobs/picture-measurer.ts';
import type { Platform } from '../../platforms/platform.ts';
import type { PlatformBook } from '../../platforms/platform-book.ts';
import { preflight } from '../../platforms/preflight.ts';
import { callerOf, PAID_SCOPES, requireScope } from '../authenticate.ts';
import { disconnectSignal } from '../exchange.ts';
import type { RouteMethods } from '../method-guard.ts';
import { wirePlatform, wirePreflight } from '../wire-platform.ts';

/** Paths of this file and what they answer. */
export const PLATFORM_METHODS: RouteMethods = {
  '/api/platforms': ['GET'],
  '/api/platforms/:id': ['GET'],
  '/api/preflight': ['POST'],
};

/** What the routes stand on. */
export interface PlatformRouteParts {
  readonly platforms: PlatformBook;
  readonly measurer: Pick<PictureMeasurer, 'precheck' | 'measure'>;
  /** Reads a JSON body. */
  readonly readJson: RequestHandler;
}

const MAX_SHOWN = 60;
const listed = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(', ');

function unknown(field: string, allowed: readonly string[], received: string): Error {
  const shown = received.length > MAX_SHOWN ? `${received.slice(0, MAX_SHOWN)}…` : received;
  return invalidRequest(`Expected ${listed(allowed)} for ${field}, received "${shown}".`);
}

function findPlatform(platforms: PlatformBook, id: string): Platform {
  const platform = platforms.find(id);
  if (platform === undefined) throw unknown('platform', platforms.ids, id);
  return platform;
}

/** The placement that is asked for, or the first. */
function findPlacement({ placements }: Platform, wanted: string | undefined) {
  const all = Object.entries(placements);
  const found = wanted === undefined ? all[0] : all.find(([id]) => id === wanted);
  if (found === undefined) throw unknown('placement', Object.keys(placements), wanted ?? '');
  return found;
}

/** The routes. */
export function platformsRoute({ platforms, measurer, readJson }: PlatformRouteParts): Router {
  const router = Router({ caseSensitive: true, strict: true });
  const list: z.infer<typeof platformsResponse> = { platforms: platforms.all.map(wirePlatform) };
  const refuseEarly: RequestHandler = (req, _res, next) => {
    measurer.precheck(callerOf(req).accountId);
    next();
  };

  router.get('/api/platforms', requireScope('read'), (_req, res) => {
    res.json(list);
  });
  router.get('/api/platforms/:id', requireScope('read'), (req, res) => {
    const platform = platforms.find(String(req.params['id']));
    if (platform === undefined) {
      throw notFound(`There is no such platform. There are ${listed(platforms.ids)}.`);
    }
    res.json(wirePlatform(platform));
  });
  const mayMeasure = requireScope(...PAID_SCOPES);
  router.post('/api/preflight', mayMeasure, refuseEarly, readJson, async (req, res) => {
    const body = parseBody(preflightRequest, req.body);
    const platform = findPlatform(platforms, body.platform);
    const [placementId, placement] = findPlacement(platform, body.placement);
    const { accountId } = callerOf(req);
    const picture = await measurer.measure(body.imageUrl, accountId, disconnectSignal(res));
    const report = preflight(platform, placement, picture, platforms.everywhere);
    res.json(wirePreflight({ platform, placementId, picture, report }));
  });
  return router;
}
