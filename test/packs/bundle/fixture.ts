/** Bundles written by hand, to be refused. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ExportParts, exportBundle } from '../../../src/packs/bundle/export-bundle.ts';
import { type BundleHeader, writeHead } from '../../../src/packs/bundle/header.ts';
import { type ImportParts, importBundle } from '../../../src/packs/bundle/import-bundle.ts';
import { openBundle } from '../../../src/packs/bundle/open-bundle.ts';
import { fingerprintOf, keyToBytes, ownKey } from '../../../src/packs/bundle/signing-key.ts';
import { OWN, sealOf } from '../store/fixture.ts';

/** Export as the installation of a data folder. */
export const exportAs = (dataDir: string, folders: readonly string[], to: string, change = {}) =>
  exportBundle({
    ...{ folders, to, key: ownKey(dataDir), signal: new AbortController().signal },
    ...(change as Partial<ExportParts>),
  });

/** Import whatever the signer. */
export async function importInto(
  packsDir: string,
  file: string,
  change: Partial<ImportParts> = {},
) {
  const bundle = await openBundle(file, () => true);
  try {
    return await importBundle({
      ...{ bundle, name: 'a.bundle', packsDir, acceptedLicences: [], isReplacing: false },
      ...{ signal: new AbortController().signal, ...change },
    });
  } finally {
    await bundle.handle.close();
  }
}

/** Fingerprint of the installation of a data folder. */
export const signerOf = (dataDir: string): string =>
  fingerprintOf(keyToBytes(ownKey(dataDir).publicKey));

/** A pack of a header with one file. */
export function entryOf(content: Buffer, change: object = {}) {
  const files = [{ role: 'model', path: 'model.onnx', ...sealOf(content) }];
  return { manifest: { id: 'soup', ...OWN, files, ...change }, texts: [] };
}

/** Write a bundle with any header, signed as it should be. */
export function writeBundle(
  folder: string,
  packs: readonly object[],
  content: Buffer,
  header: object = {},
): string {
  const file = join(folder, 'a.bundle');
  const whole = { createdAt: '2026-01-01T00:00:00Z', packs, ...header } as BundleHeader;
  writeFileSync(file, Buffer.concat([writeHead(whole, ownKey(folder)), content]));
  return file;
}
