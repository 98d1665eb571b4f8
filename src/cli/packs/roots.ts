/** The folders of packs, as the server reads them. */
import { existsSync } from 'node:fs';
import { loadConfig } from '../../config.ts';
import { STARTER_PACKS } from '../../packs/registry.ts';

/** The packs of the repository, and the operator's folder once it is there. */
export function packRoots(): readonly string[] {
  const { packsDir } = loadConfig();
  return packsDir !== undefined && existsSync(packsDir)
    ? [STARTER_PACKS, packsDir]
    : [STARTER_PACKS];
}
