/**
 * Wires a server together and takes it apart again. The order is the start-up sequence of
 * docs/architecture.md: database, packs, port, engine, recovery, then the first request.
 */

import { join } from 'node:path';
import type { Accounts } from '../accounts/accounts.ts';
import type { Config } from '../config.ts';
import type { Engine } from '../engine/engine-pool.ts';
import { createAdminApp } from '../http/admin-app.ts';
import { type AppParts, createApp } from '../http/app.ts';
import { EventStreams } from '../http/event-streams.ts';
import type { Admission } from '../jobs/admission.ts';
import type { JobService } from '../jobs/job-service.ts';
import { recoverJobs } from '../jobs/recovery.ts';
import type { UploadIntake } from '../jobs/upload-intake.ts';
import type { Log } from '../observability/log.ts';
import { loadContractModels } from '../packs/contract-models.ts';
import { unsealedFilesOf } from '../packs/manifest.ts';
import { PlatformBook } from '../platforms/platform-book.ts';
import { holdFile } from '../store/database.ts';
import { randomId } from '../store/random-id.ts';
import { adminPacksOf } from './admin-packs.ts';
import { type Books, openBooks } from './books.ts';
import { catalogueOf, chooseModelPacks, loadPacks } from './catalogue.ts';
import { steadyNow } from './clock.ts';
import { openJobs, openStores, startEngine } from './layers.ts';
import { openAdminListener, openListener } from './listener.ts';
import { startPeriodicWork } from './periodic-work.ts';
import { readVersion } from './version.ts';
import { openWebhooks, type Webhooks } from './webhooks.ts';
import { openWindows } from './windows.ts';

/** A server that answers. */
export interface RunningServer {
  /** Address callers use. */
  readonly url: string;
  /** Address of the admin routes where they have a listener of their own. */
  readonly adminUrl: string | undefined;
  readonly books: Books;
  readonly accounts: Accounts;
  readonly engine: Engine;
  readonly stagingFolder: string;
  /** Takes pictures in as uploads. */
  readonly intake: UploadIntake;
  readonly webhooks: Webhooks;
  /** Refuse new jobs, let running ones end or void them at the deadline, close everything. */
  stop(): Promise<void>;
}

const ENGINE_STOP_MS = 5_000;
const EVENT_STREAMS_PER_ACCOUNT = 20;
const HEARTBEAT_MS = 15_000;
/** Hosts that say where to listen, but are no address for callers. */
const WILDCARDS: readonly string[] = ['0.0.0.0', '::'];

/** Undoes what a start has done so far, latest first. */
type Undo = (step: () => Promise<void> | void) => void;

/**
 * Start a server.
 * @throws Error in one plain line when the port, a pack, a device or the data folder cannot be used;
 *   then nothing of it is left running.
 */
export async function startServer(config: Config, log: Log): Promise<RunningServer> {
  const steps: (() => Promise<void> | void)[] = [];
  try {
    return await assemble(config, log, (step) => steps.push(step));
  } catch (error) {
    for (const step of steps.reverse()) await step();
    throw error;
  }
}

/** Let running jobs end; at the deadline void them, those in the background left for the next start. */
async function drain(
  admission: Admission,
  jobs: JobService,
  shutdownS: number,
  log: Log,
): Promise<void> {
  const timer = setTimeout(() => {
    log.warn('shutdown-deadline', { jobs: admission.count });
    jobs.abortAll();
  }, shutdownS * 1000);
  await Promise.all([admission.drain(), jobs.drain()]);
  clearTimeout(timer);
}

async function assemble(config: Config, log: Log, undo: Undo): Promise<RunningServer> {
  // A second server's recovery would void the first one's jobs.
  const letGo = holdFile(join(config.dataDir, 'server.lock'));
  undo(letGo);
  const books = openBooks(config.dataDir, steadyNow);
  undo(() => books.database.close());
  const registry = await loadPacks(config);
  for (const { manifest } of registry.packs) {
    const files = unsealedFilesOf(manifest);
    if (files.length > 0) log.warn('pack-unsealed', { pack: manifest.id, unchecked: files });
  }
  const platforms = PlatformBook.load(config.platformsDir);
  const modelPacks = chooseModelPacks(config, registry);
  const listener = await openListener(config);
  undo(() => listener.close());
  const adminListener = await openAdminListener(config);
  undo(() => adminListener?.close());
  const publicUrl = (config.publicUrl ?? listener.url).replace(/\/+$/, '');
  if (config.publicUrl === undefined && WILDCARDS.includes(config.host)) {
    log.warn('public-url-missing', { resultsPointTo: publicUrl, set: 'GARNISH_PUBLIC_URL' });
  }
  const stores = openStores(config, books, publicUrl);
  const webhooks = openWebhooks({ config, database: books.database, jobs: stores.jobs, log });
  undo(() => webhooks.stop());
  const enginePacks = registry.enginePacks(modelPacks.used);
  const engine = await startEngine(config, enginePacks, log);
  undo(() => engine.stop(0));
  const { observers } = webhooks;
  const catalogue = catalogueOf({ registry, platforms, modelPacks });
  const jobs = openJobs({ config, log, books, stores, catalogue, engine, observers });
  const { resumable } = await recoverJobs({ ...stores, ledger: jobs.ledger, log });
  for (const job of resumable) jobs.service.resume(job);
  await jobs.ballast.ensure();
  const streams = new EventStreams({
    book: jobs.book,
    maxPerAccount: EVENT_STREAMS_PER_ACCOUNT,
    heartbeatMs: HEARTBEAT_MS,
  });

  webhooks.start();
  const windows = openWindows(config, books);
  const { keys, accounts, prices } = books;
  const parts: AppParts = {
    ...config,
    log,
    version: readVersion(),
    publicUrl,
    bodyTimeoutMs: config.requestTimeoutS * 1000,
    prices,
    jobs: jobs.service,
    book: jobs.book,
    streams,
    batches: jobs.batches,
    newBatchId: () => randomId('batch'),
    models: loadContractModels(),
    results: {
      folder: stores.results.folder,
      status: (name) => stores.results.status(name, steadyNow()),
    },
    uploads: {
      stagingFolder: stores.results.stagingFolder,
      maxBytes: config.maxSourceBytes,
      timeoutMs: config.uploadTimeoutS * 1000,
      intake: jobs.intake,
    },
    webhooks: webhooks.book,
    platforms,
    measurer: jobs.measurer,
    authenticate: (key) => keys.authenticate(key),
    hit: (caller) => windows.hit(caller),
    now: steadyNow,
    creditsOf: (accountId) => books.summaryOf(accountId),
    readiness: () => ({
      isReady: engine.isReady && !jobs.admission.isDraining,
      detail: { devices: engine.state },
    }),
    adminPacks: adminPacksOf(registry, enginePacks, engine),
    hasAdminListener: adminListener !== undefined,
  };
  listener.attach(createApp(parts));
  adminListener?.attach(createAdminApp(parts));
  const stopPeriodicWork = startPeriodicWork({
    ...{ stores, jobs, webhooks, log },
    flushWindows: () => windows.flush(),
  });

  return {
    url: publicUrl,
    adminUrl: adminListener?.url,
    books,
    accounts,
    engine,
    stagingFolder: stores.results.stagingFolder,
    intake: jobs.intake,
    webhooks,
    stop: async () => {
      await drain(jobs.admission, jobs.service, config.shutdownS, log);
      streams.closeAll();
      await Promise.all([listener.close(), adminListener?.close()]);
      await engine.stop(ENGINE_STOP_MS);
      stopPeriodicWork();
      await webhooks.stop();
      books.database.close();
      letGo();
    },
  };
}
