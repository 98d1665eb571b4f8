/**
 * Finds and deletes what pulls, imports and removals left when they were killed or given up. A pack is never
 * touched, nor a staging folder that a process is at work in, nor what this server did not make.
 */
import { existsSync, lstatSync, readdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { readPackFolders } from '../installed.ts';
import { StagingFolder, stagedId } from '../staging-folder.ts';
import { bytesIn, deleteWhole, REMOVED_PREFIX } from './remove-pack.ts';

/** Something that is no use any more. */
export interface Leftover {
  /** In the folder of packs. */
  readonly path: string;
  readonly why: string;
  readonly bytes: number;
  readonly deleted: boolean;
}

/** What a tidying goes by. */
export interface PruneParts {
  readonly packsDir: string;
  /** Unfinished work that was touched later than this is somebody's; milliseconds. */
  readonly olderThanMs: number;
  /** Folders without a manifest go too. */
  readonly withStrays: boolean;
  readonly isDryRun: boolean;
}

interface Found {
  readonly path: string;
  readonly why: string;
  remove(): Promise<void>;
}

/** When something in a folder was last written. */
function lastWriteMs(path: string): number {
  const stat = lstatSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return readdirSync(path).reduce(
    (latest, name) => Math.max(latest, lastWriteMs(join(path, name))),
    stat.mtimeMs,
  );
}

/** Folders of the folder of packs, judged by name and content. */
function foundFolders({ packsDir, withStrays }: PruneParts, isOld: (path: string) => boolean) {
  return readdirSync(packsDir, { withFileTypes: true }).flatMap((entry): readonly Found[] => {
    const path = join(packsDir, entry.name);
    if (!entry.isDirectory()) return [];
    if (entry.name.startsWith(REMOVED_PREFIX)) {
      const remove = async () => rmSync(path, { recursive: true, force: true });
      return [{ path, why: 'a removal that did not end', remove }];
    }
    if (!isOld(path)) return [];
    const id = stagedId(entry.name);
    if (id !== undefined) {
      if (StagingFolder.isHeld(packsDir, id)) return [];
      const remove = async () => (await StagingFolder.hold(packsDir, id)).discard();
      return [{ path, why: `unfinished work on ${id}`, remove }];
    }
    const isStray = /^[a-z0-9][a-z0-9-]*$/.test(entry.name) && !existsSync(join(path, 'pack.json'));
    if (!isStray || !withStrays) return [];
    return [{ path, why: 'a folder without pack.json', remove: () => deleteWhole(packsDir, path) }];
  });
}

/** Parts of files in the folders of packs, whose manifests do not list them. */
function foundParts({ packsDir }: PruneParts, isOld: (path: string) => boolean): readonly Found[] {
  return readPackFolders([packsDir]).flatMap(({ folder, manifest }) => {
    const listed = new Set(manifest?.files.map(({ path }) => join(folder, path)));
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.part(\.json)?$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => manifest !== undefined && !listed.has(path) && isOld(path))
      .map((path) => ({
        ...{ path, why: 'part of a file' },
        remove: async () => rmSync(path, { force: true }),
      }));
  });
}

/** Tidy a folder of packs. @returns What went, or would go. */
export async function prunePacks(parts: PruneParts): Promise<readonly Leftover[]> {
  if (!existsSync(parts.packsDir)) return [];
  const beforeMs = Date.now() - parts.olderThanMs;
  const isOld = (path: string) => lastWriteMs(path) <= beforeMs;
  const leftovers: Leftover[] = [];
  for (const found of [...foundFolders(parts, isOld), ...foundParts(parts, isOld)]) {
    const bytes = bytesIn(found.path);
    if (!parts.isDryRun) await found.remove();
    const path = relative(parts.packsDir, found.path);
    leftovers.push({ path, why: found.why, bytes, deleted: !parts.isDryRun });
  }
  return leftovers;
}
