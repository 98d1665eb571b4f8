/**
 * The installed packs: every `pack.json` of the repository's models/ and of the operator's folder,
 * each file's size and SHA-256 checked before anything is loaded.
 */
import { createHash } from 'node:crypto';
import {
  createReadStream,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  statSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { EnginePack } from '../engine/protocol.ts';
import { type GeneratorInputs, generatorInputsSchema } from './generator-inputs.ts';
import { type Manifest, manifestSchema } from './manifest.ts';

/** A pack that cannot be used; the message is one plain line. */
export class PackError extends Error {
  override readonly name = 'PackError';
}

/** A verified pack on disk. */
export interface InstalledPack {
  readonly manifest: Manifest;
  readonly folder: string;
}

/** A pack that makes pictures of prompts. */
export interface GeneratorPack extends InstalledPack {
  readonly inputs: GeneratorInputs;
}

/** Family of the packs that make pictures of prompts: a folder of components as diffusers lays it out. */
const GENERATOR_FAMILY = 'diffusers';
/** Tasks of packs that make pictures of prompts. */
export const GENERATOR_TASKS: readonly Manifest['task'][] = ['text-to-image', 'image-editing'];

/** The packs that come with the repository. */
export const STARTER_PACKS = fileURLToPath(new URL('../../models/', import.meta.url));

/** Roles of which a pack for a task has at least one. */
const ROLES: Partial<Readonly<Record<Manifest['task'], readonly string[]>>> = {
  segmentation: ['model'],
  'super-resolution': ['x2', 'x4'],
};

function assertHasRole({ task, files }: Manifest): void {
  const roles = ROLES[task];
  if (roles === undefined || files.some(({ role }) => roles.includes(role))) return;
  const found = files.map(({ role }) => role).join(', ');
  throw new Error(`Expected a file of the role ${roles.join(' or ')}, received ${found}.`);
}

/** What a manifest must say beyond its schema. @throws Error saying what is wrong. */
export function assertUsable(manifest: Manifest): void {
  assertHasRole(manifest);
  const { task, family, inputs } = manifest;
  if (!GENERATOR_TASKS.includes(task)) return;
  if (family !== GENERATOR_FAMILY) {
    throw new Error(`Expected the family "${GENERATOR_FAMILY}", received "${family}".`);
  }
  generatorInputsSchema.parse(inputs);
}

/** The manifest of a pack folder. @throws PackError naming what is wrong. */
export function readManifest(folder: string): Manifest {
  try {
    const parsed: unknown = JSON.parse(readFileSync(join(folder, 'pack.json'), 'utf8'));
    const manifest = manifestSchema.parse(parsed);
    assertUsable(manifest);
    return manifest;
  } catch (error) {
    const reason =
      error instanceof z.ZodError
        ? z.prettifyError(error).replaceAll(/\s+/g, ' ')
        : String((error as Error).message);
    throw new PackError(`${folder}/pack.json cannot be used: ${reason}`, { cause: error });
  }
}

/** The folders between a pack and a file of it must be real ones: a link could lead anywhere. @throws PackError. */
export function assertRealFolders(folder: string, path: string): void {
  for (let parent = dirname(path); parent !== '.'; parent = dirname(parent)) {
    const stat = lstatSync(join(folder, parent), { throwIfNoEntry: false });
    if (stat?.isDirectory() === false) {
      throw new PackError(`${join(folder, parent)} is no plain folder.`);
    }
  }
}

/** A family that reads its folder by itself must find nothing there that was not checked. */
export function assertAllListed(folder: string, { family, files }: Manifest): void {
  if (family !== GENERATOR_FAMILY) return;
  const listed = new Set(files.map(({ path }) => path));
  const found = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'));
  // Beside the components lie the manifest and texts; hidden folders are a downloader's own.
  const stray = found.find(
    (path) => path.includes('/') && !path.startsWith('.') && !listed.has(path),
  );
  if (stray !== undefined) throw new PackError(`${join(folder, stray)} is not in its pack.json.`);
}

async function verifyFile(folder: string, file: Manifest['files'][number]): Promise<void> {
  const path = join(folder, file.path);
  assertRealFolders(folder, file.path);
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat?.isFile()) throw new PackError(`${path} is missing or no plain file.`);
  if (file.sha256 === undefined) return; // nothing to hold it against
  if (stat.size !== file.bytes) {
    throw new PackError(`${path} has ${stat.size} bytes, its manifest says ${file.bytes}.`);
  }
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  if (hash.digest('hex') !== file.sha256) {
    throw new PackError(
      `${path} does not have the SHA-256 of its manifest: it was changed or damaged.`,
    );
  }
}

/** A pack folder, every file of it checked. @throws PackError naming the first that is wrong. */
export async function loadFolder(folder: string): Promise<InstalledPack> {
  const manifest = readManifest(folder);
  for (const file of manifest.files) await verifyFile(folder, file);
  assertAllListed(folder, manifest);
  return { manifest, folder };
}

/** The packs of one installation. */
export class PackRegistry {
  readonly packs: readonly InstalledPack[];

  private constructor(packs: readonly InstalledPack[]) {
    this.packs = packs;
  }

  /**
   * Read and verify every pack.
   * @param folders Folders of pack folders; a pack of a later one replaces one of the same id.
   * @throws PackError naming pack and file.
   */
  static async load(folders: readonly string[]): Promise<PackRegistry> {
    const packs = new Map<string, InstalledPack>();
    for (const root of folders) {
      if (!existsSync(root)) throw new PackError(`There is no folder ${root}.`);
      const names = readdirSync(root).filter((name) => existsSync(join(root, name, 'pack.json')));
      for (const name of names.sort()) {
        const pack = await loadFolder(join(root, name));
        packs.set(pack.manifest.id, pack);
      }
    }
    return new PackRegistry([...packs.values()]);
  }

  /** Id of the pack that answers a task: the last one installed; undefined when there is none. */
  packFor(task: Manifest['task']): string | undefined {
    return this.#last(task)?.manifest.id;
  }

  /** The packs that make pictures of prompts, in the order of their installation. */
  generators(): readonly GeneratorPack[] {
    return this.packs
      .filter(({ manifest }) => GENERATOR_TASKS.includes(manifest.task))
      .map((pack) => ({ ...pack, inputs: generatorInputsSchema.parse(pack.manifest.inputs) }));
  }

  /**
   * The packs that the engine loads: one for each task that knows no choice, and the generators given.
   * @param generators those that something is answered by.
   */
  enginePacks(generators: readonly InstalledPack[] = []): readonly EnginePack[] {
    const tasks = ['segmentation', 'super-resolution', 'enhancement'] as const;
    const chosen = tasks.map((task) => this.#last(task)).filter((pack) => pack !== undefined);
    return [...chosen, ...generators].map(enginePackOf);
  }

  #last(task: Manifest['task']): InstalledPack | undefined {
    return this.packs.findLast(({ manifest }) => manifest.task === task);
  }
}

/** What an engine is told of a pack. */
export function enginePackOf({ manifest, folder }: InstalledPack): EnginePack {
  const { id, task, family, inputs, memoryMiB } = manifest;
  const files = Object.fromEntries(
    manifest.files.map(({ role, path }) => [role, join(folder, path)]),
  );
  const bytes = manifest.files.reduce(
    (sum, { bytes: size, path }) => sum + (size ?? statSync(join(folder, path)).size),
    0,
  );
  return { id, task, family, folder, files, inputs, memoryMib: memoryMiB, bytes };
}
