/** The admin routes (ours): requests and answers of /api/admin/packs. */
import { z } from 'zod';
import { wireTimestamp } from './responses.ts';

const YEAR_S = 31_536_000;

/** POST /api/admin/packs/ID/load. */
export const loadPackRequest = z
  .object({
    keep_alive_s: z.int().min(-1).max(YEAR_S).optional().meta({
      description: 'How long it stays after its last use, in s: 0 not at all, -1 for ever.',
    }),
    pin: z
      .boolean()
      .optional()
      .meta({ description: 'Whether it stays whatever else is asked for.' }),
  })
  .transform(({ keep_alive_s, pin }) => ({ keepAliveS: keep_alive_s, isPinned: pin }))
  .meta({ id: 'LoadPackRequest' });

const residency = z.strictObject({
  device: z.string(),
  pid: z.int().nullable(),
  provider: z.enum(['cpu', 'cuda']),
  copies: z.int().min(1).meta({ description: 'Each worker that uses it has one.' }),
  pinned: z.boolean(),
  keep_alive_s: z.int(),
  uses: z.int().min(0),
  loaded_at: wireTimestamp,
  last_used_at: wireTimestamp,
  expires_at: wireTimestamp.nullable(),
});

/** A pack as the operator sees it. */
export const adminPack = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    version: z.string(),
    task: z.string(),
    family: z.string(),
    precision: z.string(),
    licence: z.strictObject({ spdx: z.string(), commercial_use: z.boolean() }),
    source: z.looseObject({ kind: z.string() }),
    files: z.strictObject({
      count: z.int(),
      bytes: z.int(),
      state: z.enum(['verified', 'unsealed']).meta({
        description: 'Whether all had the SHA-256 of the manifest when the server started.',
      }),
    }),
    in_use: z.boolean().meta({ description: 'Whether something is answered by it.' }),
    declared_mib: z.number(),
    measured_mib: z.number().nullable().meta({ description: 'Of one copy; null before a load.' }),
    loaded: z.array(residency),
  })
  .meta({ id: 'AdminPack' });

/** GET /api/admin/packs. */
export const adminPacksResponse = z
  .strictObject({
    packs: z.array(adminPack),
    devices: z.array(
      z.strictObject({
        device: z.string(),
        pid: z.int().nullable(),
        budget_mib: z.number().nullable(),
        used_mib: z.number(),
        rss_mib: z.number(),
        base_rss_mib: z.number(),
      }),
    ),
  })
  .meta({ id: 'AdminPacks' });
