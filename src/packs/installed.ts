/** What lies in the folders of packs, read without hashing: for lists. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type PackLock, readPackLock } from './hub/pack-lock.ts';
import type { Manifest } from './manifest.ts';
import { loadFolder, PackError, readManifest } from './registry.ts';

/** A pack folder; a manifest that cannot be used leaves a problem instead. */
export interface PackFolder {
  readonly folder: string;
  readonly manifest?: Manifest | undefined;
  readonly lock?: PackLock | undefined;
  readonly problem?: string | undefined;
}

function readPackFolder(folder: string): PackFolder {
  try {
    return { folder, manifest: readManifest(folder), lock: readPackLock(folder) };
  } catch (error) {
    return { folder, problem: (error as Error).message };
  }
}

/** Every pack of some folders of packs; one of a later folder comes later. */
export function readPackFolders(roots: readonly string[]): readonly PackFolder[] {
  return roots.flatMap((root) => {
    if (!existsSync(root)) throw new PackError(`There is no folder ${root}.`);
    return readdirSync(root)
      .filter((name) => existsSync(join(root, name, 'pack.json')))
      .sort()
      .map((name) => readPackFolder(join(root, name)));
  });
}

/** Size of a pack's file: the manifest's, else that of what lies there; null: nothing does. */
export function sizeOf(folder: string, file: Manifest['files'][number]): number | null {
  return file.bytes ?? statSync(join(folder, file.path), { throwIfNoEntry: false })?.size ?? null;
}

/** Whether the manifest is still what was pulled. @returns The first difference. */
function differenceFromLock(manifest: Manifest, lock: PackLock): string | undefined {
  const listed = new Map(manifest.files.map((file) => [file.path, file]));
  for (const file of lock.files) {
    const found = listed.get(file.path);
    if (found === undefined) return `${file.path} was pulled and is not in pack.json.`;
    if (found.sha256 !== file.sha256 || found.bytes !== file.bytes) {
      return `${file.path} in pack.json is not the file that was pulled.`;
    }
    listed.delete(file.path);
  }
  const [stray] = listed.keys();
  return stray === undefined ? undefined : `${stray} is in pack.json and was not pulled.`;
}

/**
 * Check every file of a pack against its manifest, and the manifest against its lock.
 * @returns The first problem; undefined: the pack is whole. Takes the time that reading it takes.
 */
export async function problemOf(pack: PackFolder): Promise<string | undefined> {
  if (pack.problem !== undefined) return pack.problem;
  try {
    const { manifest } = await loadFolder(pack.folder);
    return pack.lock === undefined ? undefined : differenceFromLock(manifest, pack.lock);
  } catch (error) {
    if (error instanceof PackError) return error.message;
    throw error;
  }
}
