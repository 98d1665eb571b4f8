/**
 * Finds the pictures of a run: by extension here, by content later in the engine. Hidden files, links
 * and the folder that results go to are left out, so that a run never works on its own results.
 */
import type { Dirent } from 'node:fs';
import { lstat, mkdir, readdir, realpath } from 'node:fs/promises';
import { basename, extname, join, relative, resolve } from 'node:path';
import { UsageError } from './usage-error.ts';

/** A picture to work on. */
export interface Source {
  /** Absolute. */
  readonly path: string;
  /** Path below the given folder, without extension: where its result goes below `--out`. */
  readonly stem: string;
}

/** A file or folder that was named on the command line. */
export interface Root {
  readonly path: string;
  readonly isFolder: boolean;
}

/** The formats that src/imaging reads; HEIC comes in only to be refused with advice. */
const EXTENSIONS: ReadonlySet<string> = new Set(
  ['jpg', 'jpeg', 'jpe', 'png', 'webp', 'avif', 'tif', 'tiff', 'gif', 'heic', 'heif'].map(
    (extension) => `.${extension}`,
  ),
);

const OUT_IS_ROOT = '--out must be another folder than those given.';

const isPicture = (name: string): boolean => EXTENSIONS.has(extname(name).toLowerCase());

const withoutExtension = (path: string): string =>
  path.slice(0, path.length - extname(path).length);

/**
 * Check what was named; a link that was named itself stands for what it leads to.
 * @throws UsageError for what is not there, or is neither file nor folder.
 */
export async function openRoots(names: readonly string[]): Promise<readonly Root[]> {
  const roots: Root[] = [];
  for (const name of names) {
    const path = await realpath(name).catch((error: unknown) => {
      throw new UsageError(`There is no ${name}.`, { cause: error });
    });
    const stat = await lstat(path);
    if (!stat.isFile() && !stat.isDirectory()) {
      throw new UsageError(`${name} is neither a file nor a folder.`);
    }
    roots.push({ path, isFolder: stat.isDirectory() });
  }
  return roots;
}

/**
 * Make the folder for results.
 * @returns Its path without links, as those of the roots are.
 * @throws UsageError when it is one of the roots, whose results would then be its sources.
 */
export async function openOut(name: string, roots: readonly Root[]): Promise<string> {
  const isRoot = (path: string) => roots.some((root) => root.path === path);
  if (isRoot(resolve(name))) throw new UsageError(OUT_IS_ROOT);
  await mkdir(name, { recursive: true });
  const path = await realpath(name);
  if (isRoot(path)) throw new UsageError(OUT_IS_ROOT);
  return path;
}

/** The entries of a folder; none when it has gone since it was listed. */
async function entriesOf(folder: string): Promise<readonly Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

async function addFolder(root: string, out: string, found: Map<string, Source>): Promise<void> {
  const waiting = [root];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    for (const entry of await entriesOf(folder)) {
      const path = join(folder, entry.name);
      if (entry.name.startsWith('.') || path === out) continue;
      if (entry.isDirectory()) waiting.push(path);
      else if (entry.isFile() && isPicture(entry.name) && !found.has(path)) {
        found.set(path, { path, stem: withoutExtension(relative(root, path)) });
      }
    }
  }
}

/**
 * Every picture below the roots, in the order of their paths; each once, however often it is named.
 * A file that was named itself is taken whatever its extension.
 */
export async function listSources(roots: readonly Root[], out: string): Promise<readonly Source[]> {
  const found = new Map<string, Source>();
  for (const { path, isFolder } of roots) {
    if (isFolder) await addFolder(path, out, found);
    else if (!found.has(path)) found.set(path, { path, stem: withoutExtension(basename(path)) });
  }
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}
