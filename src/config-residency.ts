/** Settings of what is kept in memory; docs/residency.md says how they act together. */
import { z } from 'zod';
import { integer, list } from './config-fields.ts';

const YEAR_S = 31_536_000;
const packIds = list.pipe(
  z.array(z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'Expected pack,pack,…')),
);

/** Part of the schema of settings. */
export const residencyFields = {
  memoryBudgetMib: integer(0, 1e7)
    .default(0)
    .describe('MiB that loaded packs may take on each device; 0: a share of what there is.'),
  keepAliveS: integer(-1, YEAR_S)
    .default(-1)
    .describe('How long a pack stays in memory after its last use, in s; 0: not at all, -1: ever.'),
  pinnedPacks: packIds
    .default([])
    .describe('Packs that are loaded at the start and stay, whatever else is asked for.'),
  preload: packIds
    .default(['all'])
    .describe('Packs to load at the start: all (that fit, in the order installed), none, or ids.'),
  exclusivePacks: list
    .pipe(
      z.array(
        z.string().regex(/^[a-z0-9][a-z0-9-]*(\+[a-z0-9][a-z0-9-]*)+$/, 'Expected pack+pack,…'),
      ),
    )
    .default([])
    .describe('Groups of packs of which one at most is in memory: a+b,c+d.'),
};
