/** Small packs in folders, for tests that only move their bytes. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Size and hash, as a manifest lists them. */
export const sealOf = (bytes: Buffer) => ({
  bytes: bytes.length,
  sha256: createHash('sha256').update(bytes).digest('hex'),
});

/** What a pack of a test says of itself. */
export const OWN = {
  ...{ task: 'segmentation', family: 'salient-object' },
  licence: { spdx: 'Apache-2.0', commercialUse: true },
};

/**
 * Write a pack without sizes and hashes.
 * @param sizes bytes of each file; they are random.
 * @param change fields of the manifest to add or replace.
 * @returns its folder.
 */
export function writePack(
  root: string,
  id: string,
  sizes: Readonly<Record<string, number>> = { 'model.onnx': 2_500_000 },
  change: object = {},
): string {
  const folder = join(root, id);
  for (const [path, size] of Object.entries(sizes)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), randomBytes(size));
  }
  const files = Object.keys(sizes).map((path, i) => (i === 0 ? { role: 'model', path } : { path }));
  writeFileSync(join(folder, 'pack.json'), JSON.stringify({ id, ...OWN, files, ...change }));
  return folder;
}
