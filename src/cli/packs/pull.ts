/** `garnish packs pull ID`. */
import { resolve } from 'node:path';
import { loadConfig } from '../../config.ts';
import { findEntry, readCatalogue } from '../../packs/catalogue.ts';
import { sizeText } from '../../packs/hub/download-set.ts';
import { HubClient } from '../../packs/hub/hub-client.ts';
import { HubHttp } from '../../packs/hub/hub-http.ts';
import { type PulledPack, pullPack } from '../../packs/hub/pull.ts';
import { DEFAULT_RETRIES } from '../../packs/hub/retries.ts';
import { printResult } from '../output.ts';
import { PullProgress } from './pull-progress.ts';

interface PullFlags {
  readonly revision?: string;
  readonly acceptLicence?: string;
  readonly catalogue: string;
  readonly json?: true;
}

/** Exit codes of a process that a signal ended, as shells count them. */
const SIGNAL_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** Fires at Ctrl-C or a SIGTERM; once more ends the process as it is, which loses nothing. */
function stopOnSignals(): AbortSignal {
  const stopping = new AbortController();
  for (const [name, code] of Object.entries(SIGNAL_CODES)) {
    process.once(name, () => {
      process.exitCode = code;
      stopping.abort(new Error('Stopped. Run the same command again to go on.'));
    });
  }
  return stopping.signal;
}

async function pull(id: string, flags: PullFlags, signal: AbortSignal): Promise<PulledPack> {
  const { packsDir, hubUrl, hubToken, offline } = loadConfig();
  if (packsDir === undefined) {
    throw new Error('Set GARNISH_PACKS_DIR to a folder for packs; the server reads it too.');
  }
  const found = findEntry(readCatalogue(flags.catalogue), id);
  const entry = { ...found, revision: flags.revision ?? found.revision };
  const progress = new PullProgress(process.stderr);
  if (entry.verified === null) {
    progress.say(`${id} is unverified: nobody of this project pulled and ran it.`);
  }
  const http = new HubHttp({ hubUrl, token: hubToken, isOffline: offline });
  const retries = DEFAULT_RETRIES;
  try {
    return await pullPack(entry, {
      ...{ http, retries, signal, hubUrl, packsDir: resolve(packsDir) },
      hub: new HubClient({ hubUrl, http, retries }),
      acceptedLicence: flags.acceptLicence,
      onPinned: (commit, bytes) =>
        progress.say(`${entry.repository} at ${commit}: ${sizeText(bytes)}, ${entry.licence.spdx}`),
      onProgress: (transfer) => progress.tell(transfer),
    });
  } finally {
    progress.end();
  }
}

/** Pull a pack; progress goes to stderr, the result to stdout. */
export async function pullCommand(id: string, flags: PullFlags): Promise<void> {
  const signal = stopOnSignals();
  try {
    const pulled = await pull(id, flags, signal);
    const { folder, commit, bytes } = pulled;
    const line = `${id} is in ${folder}: ${sizeText(bytes)} at ${commit}.`;
    printResult(flags, { id, ...pulled }, line);
  } catch (error) {
    if (!signal.aborted) throw error;
    process.stderr.write(`garnish: ${(signal.reason as Error).message}\n`); // keeps the signal's exit code
  }
}
