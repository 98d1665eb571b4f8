/** What the admin routes see of packs and engine. */
import type { Engine } from '../engine/engine-pool.ts';
import type { EnginePack } from '../engine/protocol.ts';
import { TaskFailure } from '../engine/task.ts';
import { packNotMoved } from '../errors.ts';
import type { AdminPacks } from '../http/routes/admin-packs.ts';
import type { PackRegistry } from '../packs/registry.ts';

/** Tells an operator why, since only an operator can ask. */
async function telling(move: Promise<void>): Promise<void> {
  try {
    await move;
  } catch (error) {
    throw error instanceof TaskFailure ? packNotMoved(error.message, error) : error;
  }
}

/** @param used packs that the engine knows. */
export function adminPacksOf(
  { packs }: PackRegistry,
  used: readonly EnginePack[],
  engine: Engine,
): AdminPacks {
  const bytes = new Map(used.map((pack) => [pack.id, pack.bytes]));
  return {
    installed: packs,
    bytesInUse: (packId) => bytes.get(packId),
    devices: () => engine.residencies,
    load: (packId, options) => telling(engine.load(packId, options)),
    unload: (packId) => telling(engine.unload(packId)),
  };
}
