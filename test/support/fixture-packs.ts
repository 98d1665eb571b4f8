/**
 * Pipelines with random weights as installed packs: those of ../shared/fixtures/diffusion where they are there, else
 * the project's own small ones.
 */
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const SHARED = at('../../../shared/fixtures/diffusion/models/');
const OWN = at('../golden/pipeline/models/');
const isShared = existsSync(SHARED);

interface Pipeline {
  readonly folder: string;
  readonly task: string;
  readonly inputs: object;
}

/** Draws from prompts and starts from pictures. */
export const DRAWER = isShared ? 'sd15-tiny' : 'sd-small';
/** Draws, and edits by instruction. */
export const EDITOR = isShared ? 'flux2-klein-tiny' : 'flux2-small';

const folderOf = (id: string): string => join(isShared ? SHARED : OWN, id);

/** What each pack says of itself. */
const PIPELINES: Readonly<Record<string, Pipeline>> = {
  [DRAWER]: {
    folder: folderOf(DRAWER),
    task: 'text-to-image',
    inputs: {
      nativeSizePx: 64,
      steps: { default: 3, max: 20 },
      guidanceScale: { default: 7.5, max: 15 },
      supports: ['guidance', 'negativePrompt', 'strength'],
    },
  },
  [EDITOR]: {
    folder: folderOf(EDITOR),
    task: 'image-editing',
    inputs: {
      nativeSizePx: 64,
      steps: { default: 2, max: 8 },
      guidanceScale: { default: 1, max: 1 },
      maxTokens: 40,
      hiddenLayers: [1, 2, 3],
      supports: ['reference'],
    },
  },
};

function listed(folder: string, path: string) {
  const bytes = readFileSync(path);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { path: relative(folder, path), bytes: bytes.length, sha256 };
}

/**
 * Install a pipeline as a pack.
 * @param root folder of packs.
 * @param id `DRAWER` or `EDITOR`.
 * @param change fields of `inputs` to replace.
 */
export function installFixturePack(root: string, id: string, change: object = {}): void {
  const pipeline = PIPELINES[id];
  if (pipeline === undefined) throw new Error(`There is no pipeline ${id}.`);
  const folder = join(root, id);
  mkdirSync(root, { recursive: true });
  cpSync(pipeline.folder, folder, { recursive: true });
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const manifest = {
    id,
    version: '1.0.0',
    name: id,
    description: 'A pipeline with random weights',
    task: pipeline.task,
    family: 'diffusers',
    inputs: { ...pipeline.inputs, ...change },
    precision: 'fp32',
    licence: { spdx: 'Apache-2.0', commercialUse: true },
    source: { kind: 'fixture' },
    memoryMiB: 10,
    files: paths.sort().map((path) => listed(folder, path)),
  };
  writeFileSync(join(folder, 'pack.json'), JSON.stringify(manifest));
}
