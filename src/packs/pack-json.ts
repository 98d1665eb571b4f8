/**
 * `pack.json` as it stands in its folder, beside its checked form: what is copied from machine to machine is the
 * operator's own text, to which only sizes and hashes are added.
 */
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { PACK_LOCK } from './hub/pack-lock.ts';
import { type Manifest, manifestSchema } from './manifest.ts';
import { PACK_ORIGIN } from './pack-origin.ts';
import { assertRealFolders, PackError, readManifest } from './registry.ts';

/** Names that a pack's files may not have: they are written beside them. */
const RESERVED: readonly string[] = ['pack.json', PACK_LOCK, PACK_ORIGIN];
/** Texts of a licence and its notices lie beside the files without being in the manifest. */
const TEXT_NAME = /^(licen[cs]e|notice|copying|readme|model_card)[A-Za-z0-9._-]*$/i;
const MAX_TEXT_BYTES = 1024 * 1024;

/** A JSON object of which only the files are looked at. */
export const rawManifestSchema = z.looseObject({ files: z.array(z.looseObject({})) });

/** `pack.json` and its checked form. */
export interface PackJson {
  readonly raw: z.infer<typeof rawManifestSchema>;
  readonly manifest: Manifest;
}

/** Size and hash of a file. */
export interface Seal {
  readonly bytes: number;
  readonly sha256: string;
}

/** @throws PackError naming what is wrong. */
export function readPackJson(folder: string): PackJson {
  const manifest = readManifest(folder);
  const parsed: unknown = JSON.parse(readFileSync(join(folder, 'pack.json'), 'utf8'));
  return { raw: rawManifestSchema.parse(parsed), manifest };
}

/** The `pack.json` with sizes and hashes of all its files. @throws Error when one is missing. */
export function sealPackJson(pack: PackJson, seals: ReadonlyMap<string, Seal>): PackJson {
  const files = pack.raw.files.map((file) => {
    const seal = seals.get(String(file['path']));
    if (seal === undefined) throw new Error(`${file['path']} was not hashed.`);
    return { ...file, bytes: seal.bytes, sha256: seal.sha256 };
  });
  const raw = { ...pack.raw, files };
  return { raw, manifest: manifestSchema.parse(raw) };
}

/** Whether a name beside the files is that of a licence or the like. */
export const isTextName = (name: string): boolean => TEXT_NAME.test(name);

/** Names of the licence texts beside a pack's files. */
export function textsOf(folder: string, { files }: Manifest): readonly string[] {
  const listed = new Set(files.map(({ path }) => path));
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && isTextName(entry.name) && !listed.has(entry.name))
    .map(({ name }) => name)
    .filter((name) => {
      const { size } = lstatSync(join(folder, name));
      return size > 0 && size <= MAX_TEXT_BYTES;
    })
    .sort();
}

/**
 * Paths that can lie in one folder together: none twice whatever the case of its letters, none that another
 * needs as a folder, none that a pack's own descriptions have. @throws PackError naming the first that cannot.
 */
export function checkPaths(id: string, paths: readonly string[]): void {
  const seen = new Set<string>();
  const folders = new Set<string>();
  for (const path of paths) {
    const lower = path.toLowerCase();
    if (RESERVED.includes(lower)) throw new PackError(`${id}: no file may be called ${path}.`);
    if (seen.has(lower)) throw new PackError(`${id}: ${path} is there twice.`);
    seen.add(lower);
    const parts = lower.split('/');
    for (let i = 1; i < parts.length; i += 1) folders.add(parts.slice(0, i).join('/'));
  }
  const both = paths.find((path) => folders.has(path.toLowerCase()));
  if (both !== undefined) throw new PackError(`${id}: ${both} is a file and a folder.`);
}

/** Size of a file of a pack folder. @throws PackError when it is missing, a link or empty. */
export function plainFileBytes(folder: string, path: string): number {
  const place = join(folder, path);
  assertRealFolders(folder, path);
  const stat = existsSync(place) ? lstatSync(place) : undefined;
  if (!stat?.isFile()) throw new PackError(`${place} is missing or no plain file.`);
  if (stat.size === 0) throw new PackError(`${place} is empty.`);
  return stat.size;
}
