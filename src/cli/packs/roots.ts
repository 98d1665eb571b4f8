/** The folders of packs, as the server reads them. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { loadConfig } from '../../config.ts';
import { STARTER_PACKS } from '../../packs/registry.ts';

/** The packs of the repository, and the operator's folder once it is there. */
export function packRoots(): readonly string[] {
  const { packsDir } = loadConfig();
  return packsDir !== undefined && existsSync(packsDir)
    ? [STARTER_PACKS, packsDir]
    : [STARTER_PACKS];
}

/** The operator's folder of packs, whether it is there or not. @throws Error when none is set. */
export function requiredPacksDir(): string {
  const { packsDir } = loadConfig();
  if (packsDir !== undefined) return resolve(packsDir);
  throw new Error('Set GARNISH_PACKS_DIR to a folder for packs; the server reads it too.');
}
