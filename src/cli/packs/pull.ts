/** `garnish packs pull ID`. */
import { loadConfig } from '../../config.ts';
import { findEntry, readCatalogue } from '../../packs/catalogue.ts';
import { HubClient } from '../../packs/hub/hub-client.ts';
import { HubHttp } from '../../packs/hub/hub-http.ts';
import { type PulledPack, pullPack } from '../../packs/hub/pull.ts';
import { DEFAULT_RETRIES } from '../../packs/hub/retries.ts';
import { sizeText } from '../../packs/size-text.ts';
import { printResult } from '../output.ts';
import { PullProgress } from './pull-progress.ts';
import { requiredPacksDir } from './roots.ts';
import { untilSignal } from './until-signal.ts';

interface PullFlags {
  readonly revision?: string;
  readonly acceptLicence?: string;
  readonly catalogue: string;
  readonly json?: true;
}

async function pull(id: string, flags: PullFlags, signal: AbortSignal): Promise<PulledPack> {
  const { hubUrl, hubToken, offline } = loadConfig();
  const packsDir = requiredPacksDir();
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
      ...{ http, retries, signal, hubUrl, packsDir },
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
export function pullCommand(id: string, flags: PullFlags): Promise<void> {
  return untilSignal(async (signal) => {
    const pulled = await pull(id, flags, signal);
    const { folder, commit, bytes } = pulled;
    const line = `${id} is in ${folder}: ${sizeText(bytes)} at ${commit}.`;
    printResult(flags, { id, ...pulled }, line);
  });
}
