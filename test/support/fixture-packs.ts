/** Pipelines of ../shared/fixtures/diffusion as installed packs; not there in a plain clone. */
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const MODELS = fileURLToPath(
  new URL('../../../shared/fixtures/diffusion/models/', import.meta.url),
);

/** Whether the pipelines are there; the reason when they are not is told once. */
export const hasFixturePacks = existsSync(MODELS);
if (!hasFixturePacks) console.warn(`Skipped: there is no ${MODELS}.`);

/** What each pack says of itself. */
const INPUTS = {
  'sd15-tiny': {
    nativeSizePx: 64,
    steps: { default: 3, max: 20 },
    guidanceScale: { default: 7.5, max: 15 },
    supports: ['guidance', 'negativePrompt', 'strength'],
  },
  'flux2-klein-tiny': {
    nativeSizePx: 64,
    steps: { default: 2, max: 8 },
    guidanceScale: { default: 1, max: 1 },
    maxTokens: 48,
    hiddenLayers: [1, 2, 3],
    supports: ['reference'],
  },
} as const;

/** Name of a pipeline, which is also its pack's id. */
export type FixturePack = keyof typeof INPUTS;

function listed(folder: string, path: string) {
  const bytes = readFileSync(path);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { path: relative(folder, path), bytes: bytes.length, sha256 };
}

/**
 * Install a pipeline as a pack.
 * @param root folder of packs.
 * @param change fields of `inputs` to replace.
 * @returns The pack's folder.
 */
export function installFixturePack(root: string, name: FixturePack, change: object = {}): string {
  const folder = join(root, name);
  mkdirSync(root, { recursive: true });
  cpSync(join(MODELS, name), folder, { recursive: true });
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const manifest = {
    id: name,
    version: '1.0.0',
    name,
    description: 'A pipeline with random weights',
    task: name === 'sd15-tiny' ? 'text-to-image' : 'image-editing',
    family: 'diffusers',
    inputs: { ...INPUTS[name], ...change },
    precision: 'fp32',
    licence: { spdx: 'Apache-2.0', commercialUse: true },
    source: { kind: 'fixture' },
    memoryMiB: 10,
    files: paths.sort().map((path) => listed(folder, path)),
  };
  writeFileSync(join(folder, 'pack.json'), JSON.stringify(manifest));
  return folder;
}
