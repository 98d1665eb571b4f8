/** `garnish packs export ID...` and `garnish packs import FILE`: packs in one file, for a site without a network. */
import { basename, resolve } from 'node:path';
import { loadConfig } from '../../config.ts';
import { exportBundle } from '../../packs/bundle/export-bundle.ts';
import { importBundle } from '../../packs/bundle/import-bundle.ts';
import { openBundle } from '../../packs/bundle/open-bundle.ts';
import {
  fingerprintOf,
  isTrusted,
  keyToBytes,
  ownKey,
  trust,
} from '../../packs/bundle/signing-key.ts';
import { readPackFolders } from '../../packs/installed.ts';
import { sizeText } from '../../packs/size-text.ts';
import { printJson, printLine, printResult, printTable } from '../output.ts';
import { PullProgress } from './pull-progress.ts';
import { packRoots, requiredPacksDir } from './roots.ts';
import { untilSignal } from './until-signal.ts';

interface ExportFlags {
  readonly to: string;
  readonly json?: true;
}

/** Where packs lie. @throws Error when one is not installed or named twice. */
function foldersOf(ids: readonly string[]): readonly string[] {
  const packs = readPackFolders(packRoots());
  return ids.map((id, i) => {
    if (ids.indexOf(id) !== i) throw new Error(`${id} is named twice.`);
    const found = packs.findLast(({ manifest }) => manifest?.id === id);
    if (found === undefined) throw new Error(`There is no installed pack ${id}.`);
    return found.folder;
  });
}

/** Write packs into a bundle; progress goes to stderr, the result to stdout. */
export function exportCommand(ids: readonly string[], flags: ExportFlags): Promise<void> {
  return untilSignal(async (signal) => {
    const key = ownKey(loadConfig().dataDir);
    const signer = fingerprintOf(keyToBytes(key.publicKey));
    const progress = new PullProgress(process.stderr);
    const parts = { folders: foldersOf(ids), to: resolve(flags.to), key, signal };
    try {
      const exported = await exportBundle({
        ...parts,
        onProgress: (transfer) => progress.tell(transfer),
      });
      progress.end();
      const { file, bytes, packs } = exported;
      const line = `${file}: ${packs.join(', ')}, ${sizeText(bytes)}, signed by ${signer}.`;
      printResult(flags, { ...exported, signer }, line);
    } finally {
      progress.end();
    }
  });
}

interface ImportFlags {
  readonly trust?: string;
  readonly acceptLicence?: readonly string[];
  readonly replace?: true;
  readonly json?: true;
}

async function importFile(file: string, flags: ImportFlags, signal: AbortSignal) {
  const { dataDir } = loadConfig();
  const packsDir = requiredPacksDir();
  const isKnown = (signer: string) => signer === flags.trust || isTrusted(dataDir, signer);
  const bundle = await openBundle(file, isKnown);
  const progress = new PullProgress(process.stderr);
  try {
    if (bundle.signer === flags.trust) trust(dataDir, bundle.signer);
    const packs = await importBundle({
      ...{ bundle, name: basename(file), packsDir, signal },
      acceptedLicences: flags.acceptLicence ?? [],
      isReplacing: flags.replace === true,
      onProgress: (transfer) => progress.tell(transfer),
    });
    return { signer: bundle.signer, createdAt: bundle.createdAt, packs };
  } finally {
    progress.end();
    await bundle.handle.close();
  }
}

/** Install the packs of a bundle; progress goes to stderr, the result to stdout. */
export function importCommand(file: string, flags: ImportFlags): Promise<void> {
  return untilSignal(async (signal) => {
    const imported = await importFile(resolve(file), flags, signal);
    if (flags.json) {
      printJson(imported);
      return;
    }
    printTable(imported.packs.map((pack) => ({ ...pack })));
    printLine('A server loads them at its next start.');
  });
}
