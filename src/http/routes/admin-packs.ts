/** The routes under /api/admin/packs: what is installed, what is in memory, and moving it. */
import { type Request, type RequestHandler, Router } from 'express';
import type { z } from 'zod';
import { type adminPack, type adminPacksResponse, loadPackRequest } from '../../contract/admin.ts';
import { wireTime } from '../../contract/responses.ts';
import { parseBody } from '../../contract/validation.ts';
import type { LoadOptions, Residency } from '../../engine/residency-terms.ts';
import { forbidden, notFound } from '../../errors.ts';
import { unsealedFilesOf } from '../../packs/manifest.ts';
import type { InstalledPack } from '../../packs/registry.ts';
import { callerOf, requireScope } from '../authenticate.ts';
import type { RouteMethods } from '../method-guard.ts';

/** What the memory of a device holds. */
export interface DeviceMemory {
  readonly device: string;
  readonly pid: number | undefined;
  /** Undefined while the process starts. */
  readonly residency: Residency | undefined;
}

/** What the routes stand on. */
export interface AdminPacks {
  readonly installed: readonly InstalledPack[];
  /** Bytes of the files of a pack that something is answered by; undefined for the others. */
  bytesInUse(packId: string): number | undefined;
  devices(): readonly DeviceMemory[];
  /** @throws ApiError when it cannot be loaded. */
  load(packId: string, options: LoadOptions): Promise<void>;
  unload(packId: string): Promise<void>;
}

/** Paths of this file and what they answer. */
export const ADMIN_METHODS: RouteMethods = {
  '/api/admin/packs': ['GET'],
  '/api/admin/packs/:id/load': ['POST'],
  '/api/admin/packs/:id/unload': ['POST'],
};

const rounded = (mib: number): number => Math.round(mib * 10) / 10;

function loadedOn(packId: string, { device, pid, residency }: DeviceMemory) {
  const packs = residency?.packs.filter((pack) => pack.packId === packId) ?? [];
  return packs.map((pack) => ({
    device,
    pid: pid ?? null,
    provider: device === 'cpu' ? ('cpu' as const) : ('cuda' as const),
    copies: pack.copies,
    pinned: pack.isPinned,
    keep_alive_s: pack.keepAliveS,
    uses: pack.uses,
    loaded_at: wireTime(pack.loadedAt),
    last_used_at: wireTime(pack.lastUsedAt),
    expires_at: pack.expiresAt === null ? null : wireTime(pack.expiresAt),
  }));
}

function wirePack({ manifest }: InstalledPack, packs: AdminPacks): z.infer<typeof adminPack> {
  const { id, name, version, task, family, precision, licence, source, files, memoryMiB } =
    manifest;
  const devices = packs.devices();
  const measured = devices.map(({ residency }) => residency?.measuredMib[id] ?? 0);
  const largestMib = Math.max(0, ...measured);
  const bytes = packs.bytesInUse(id);
  return {
    ...{ id, name, version, task, family, precision, source },
    licence: { spdx: licence.spdx, commercial_use: licence.commercialUse },
    files: {
      count: files.length,
      bytes: bytes ?? files.reduce((sum, file) => sum + (file.bytes ?? 0), 0),
      state: unsealedFilesOf(manifest).length === 0 ? 'verified' : 'unsealed',
    },
    in_use: bytes !== undefined,
    declared_mib: memoryMiB,
    measured_mib: largestMib === 0 ? null : rounded(largestMib),
    loaded: devices.flatMap((device) => loadedOn(id, device)),
  };
}

const wireDevices = (packs: AdminPacks): z.infer<typeof adminPacksResponse>['devices'] =>
  packs.devices().map(({ device, pid, residency }) => ({
    device,
    pid: pid ?? null,
    budget_mib: residency?.budgetMib ?? null,
    used_mib: rounded(residency?.usedMib ?? 0),
    rss_mib: rounded(residency?.rssMib ?? 0),
    base_rss_mib: rounded(residency?.baseRssMib ?? 0),
  }));

/** A sandbox key costs nothing and is handed out freely. */
const refuseSandbox: RequestHandler = (req, _res, next) => {
  if (callerOf(req).isSandbox) throw forbidden('A sandbox key cannot change what is in memory.');
  next();
};

/**
 * The routes.
 * @param guards come before each, for example `localCallersOnly`.
 */
export function adminPacksRoute(
  packs: AdminPacks,
  readBody: RequestHandler,
  guards: readonly RequestHandler[],
): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router.use('/api/admin', ...guards, requireScope('admin'), refuseSandbox);

  const packOf = (req: Request): InstalledPack => {
    const pack = packs.installed.find(({ manifest }) => manifest.id === req.params['id']);
    if (pack === undefined || packs.bytesInUse(pack.manifest.id) === undefined) {
      throw notFound('No pack in use has this id.');
    }
    return pack;
  };

  router.get('/api/admin/packs', (_req, res) => {
    const answer: z.infer<typeof adminPacksResponse> = {
      packs: packs.installed.map((pack) => wirePack(pack, packs)),
      devices: wireDevices(packs),
    };
    res.json(answer);
  });
  router.post('/api/admin/packs/:id/load', readBody, async (req, res) => {
    const pack = packOf(req);
    await packs.load(pack.manifest.id, parseBody(loadPackRequest, req.body ?? {}));
    res.json(wirePack(pack, packs));
  });
  router.post('/api/admin/packs/:id/unload', async (req, res) => {
    const pack = packOf(req);
    await packs.unload(pack.manifest.id);
    res.json(wirePack(pack, packs));
  });
  return router;
}
