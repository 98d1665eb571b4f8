/** Packs of one graph: of test/golden/families, or of another maker from ../shared/weights where a check-out has them beside it. */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { decodePicture } from '../../src/imaging/codec.ts';
import type { Picture } from '../../src/imaging/picture.ts';
import { type LoadedPack, loadPack } from '../../src/inference/loaded-pack.ts';
import { PackRegistry } from '../../src/packs/registry.ts';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** What the Python references gave, with graphs and pictures. */
export const FAMILY_GOLDEN = at('../golden/families/');

/** A graph of another maker. @returns undefined where it is not there; tests then say so. */
export function publicGraph(name: string): string | undefined {
  const path = at(`../../../shared/weights/${name}`);
  return existsSync(path) ? path : undefined;
}

/** A pack of one graph. */
export interface GraphPack {
  readonly task: 'segmentation' | 'super-resolution';
  readonly family: string;
  readonly role: 'model' | 'x2' | 'x4';
  readonly graph: string;
  readonly inputs?: object;
}

/** A folder of packs with one in it, whose manifest says no more than it must; the folder goes when the test ends. */
export function installGraph({ task, family, role, graph, inputs }: GraphPack): string {
  const root = mkdtempSync(join(tmpdir(), 'garnish-packs-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const folder = join(root, 'pack');
  mkdirSync(folder);
  copyFileSync(graph, join(folder, basename(graph)));
  const manifest = {
    id: basename(graph, '.onnx'),
    ...{ task, family },
    licence: { spdx: 'Apache-2.0', commercialUse: true },
    ...(inputs === undefined ? {} : { inputs }),
    files: [{ role, path: basename(graph) }],
  };
  writeFileSync(join(folder, 'pack.json'), JSON.stringify(manifest));
  return root;
}

/** Such a pack, its graph in memory until the test ends. */
export async function loadGraphPack(pack: GraphPack): Promise<LoadedPack> {
  const [found] = (await PackRegistry.load([installGraph(pack)])).enginePacks();
  if (found === undefined) throw new Error(`${pack.graph} is no pack.`);
  const loaded = await loadPack(found, { provider: 'cpu', deviceId: 0, threads: 1 });
  onTestFinished(() => loaded.session(pack.role).release());
  return loaded;
}

/** A picture of a file. */
export const readPicture = (path: string): Promise<Picture> =>
  decodePicture(path, { maxPixels: 4e7, minSidePx: 1, maxSidePx: 8192, maxAspectRatio: 20 });
