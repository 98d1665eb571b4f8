/** What evaluations look at: pictures and packs, ours and those of others beside the checkout. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decodePicture } from '../../src/imaging/codec.ts';
import { type Picture, withoutAlpha } from '../../src/imaging/picture.ts';
import { channelOf } from '../../src/imaging/resize.ts';
import { type LoadedPack, loadPack } from '../../src/inference/loaded-pack.ts';
import { PackRegistry, STARTER_PACKS } from '../../src/packs/registry.ts';

/** Data and weights that no clone has; see docs/evaluation.md. */
export const SHARED = fileURLToPath(new URL('../../../shared', import.meta.url));
const CPU = { provider: 'cpu', deviceId: 0, threads: 2 } as const;
const LIMITS = { maxPixels: 4e7, minSidePx: 1, maxSidePx: 8192, maxAspectRatio: 100 };

/** A picture of a file, opaque. */
export const readPicture = async (path: string): Promise<Picture> =>
  withoutAlpha(await decodePicture(path, LIMITS));

/** A matte of a grey file, 0..1. */
export async function readMatte(path: string): Promise<Float32Array> {
  return Float32Array.from(channelOf(await readPicture(path), 0), (level) => level / 255);
}

/** Lines of an index beside some pictures. */
export const readIndex = (path: string): readonly Readonly<Record<string, string>>[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

/** Files of a folder with an extension, in the order of their names. */
export const filesIn = (folder: string, extension: string): readonly string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith(extension))
    .sort()
    .map((name) => join(folder, name));

async function loadFrom(root: string, task: string): Promise<LoadedPack> {
  const packs = (await PackRegistry.load([root])).enginePacks();
  const pack = packs.find((candidate) => candidate.task === task);
  if (pack === undefined) throw new Error(`There is no pack for ${task} in ${root}.`);
  return loadPack(pack, CPU);
}

/** The pack of the repository for a task. */
export const ownPack = (task: 'segmentation' | 'super-resolution' | 'enhancement') =>
  loadFrom(STARTER_PACKS, task);

/** A network of others as a pack. */
export interface OtherGraph {
  readonly family: string;
  readonly role: 'x2' | 'x4';
  /** File in shared/weights. */
  readonly file: string;
}

/** A super-resolution network of others; undefined where it is not there. */
export async function otherPack({
  family,
  role,
  file,
}: OtherGraph): Promise<LoadedPack | undefined> {
  const graph = join(SHARED, 'weights', file);
  if (!existsSync(graph)) return undefined;
  const root = mkdtempSync(join(tmpdir(), 'garnish-evaluate-'));
  mkdirSync(join(root, 'pack'));
  copyFileSync(graph, join(root, 'pack', basename(graph)));
  const manifest = {
    id: basename(graph, '.onnx'),
    ...{ task: 'super-resolution', family },
    licence: { spdx: 'NOASSERTION', commercialUse: false },
    files: [{ role, path: basename(graph) }],
  };
  writeFileSync(join(root, 'pack', 'pack.json'), JSON.stringify(manifest));
  try {
    return await loadFrom(root, 'super-resolution');
  } finally {
    rmSync(root, { recursive: true }); // the graph is in memory
  }
}
