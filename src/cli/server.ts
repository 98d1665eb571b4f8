/**
 * Wires a server together and takes it apart again. The order is the start-up sequence of
 * docs/architecture.md: database, packs, port, engine, recovery, then the first request.
 */
import { randomUUID } from 'node:crypto';
import type { Accounts } from '../accounts/accounts.ts';
import { RateWindows, steadyClock } from '../accounts/rate-windows.ts';
import type { Config } from '../config.ts';
import { Engine } from '../engine/engine-pool.ts';
import type { SourceLimits } from '../engine/protocol.ts';
import { createApp } from '../http/app.ts';
import type { StoredUpload } from '../http/routes/uploads.ts';
import { Admission } from '../jobs/admission.ts';
import { FairQueue } from '../jobs/fair-queue.ts';
import { IDEMPOTENCY_HOURS } from '../jobs/idempotency.ts';
import { JobLedger } from '../jobs/job-ledger.ts';
import { JobService } from '../jobs/job-service.ts';
import { planJob } from '../jobs/plan.ts';
import { recoverJobs } from '../jobs/recovery.ts';
import { errorFields, type Log } from '../observability/log.ts';
import { loadContractModels } from '../packs/contract-models.ts';
import { PackRegistry, STARTER_PACKS } from '../packs/registry.ts';
import { freeBytes } from '../results/disk-room.ts';
import { ResultStore } from '../results/result-store.ts';
import { UploadStore } from '../results/upload-store.ts';
import { DayCountsTable } from '../store/day-counts-table.ts';
import { IdempotencyTable } from '../store/idempotency-table.ts';
import { JobsTable } from '../store/jobs-table.ts';
import { ResultsTable } from '../store/results-table.ts';
import { UploadsTable } from '../store/uploads-table.ts';
import { type Books, openBooks } from './books.ts';
import { openListener } from './listener.ts';
import { createSourceFetcher } from './sources.ts';
import { readVersion } from './version.ts';

/** A server that answers. */
export interface RunningServer {
  /** Address callers use. */
  readonly url: string;
  readonly books: Books;
  readonly accounts: Accounts;
  readonly engine: Engine;
  readonly stagingFolder: string;
  /** Looks into a picture and keeps it as an upload of an account. */
  storeUpload(path: string, bytes: number, accountId: string): Promise<StoredUpload>;
  /** Refuse new jobs, let running ones end, close everything. */
  stop(): Promise<void>;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const SWEEP_MS = 10 * 60_000;
const FLUSH_MS = 1_000;
const MIB = 1024 * 1024;

/** Work that comes round by itself; failures are logged, since nobody waits for them. */
function every(periodMs: number, log: Log, work: () => Promise<void> | void): () => void {
  const timer = setInterval(() => {
    Promise.resolve()
      .then(work)
      .catch((error: unknown) => log.error('periodic-work-failed', errorFields(error)));
  }, periodMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** Limits of pictures, as the engine takes them. */
export const sourceLimits = (config: Config): SourceLimits => ({
  maxPixels: config.maxSourcePixels,
  minSidePx: config.minSidePx,
  maxSidePx: config.maxSidePx,
  maxAspectRatio: config.maxAspectRatio,
  maxResultPixels: config.maxResultPixels,
});

/**
 * Start a server.
 * @throws Error in one plain line when the port, a pack, a device or the data folder cannot be used.
 */
export async function startServer(config: Config, log: Log): Promise<RunningServer> {
  const now = Date.now;
  const books = openBooks(config.dataDir);
  const { database, prices, keys, accounts, ledger } = books;
  const registry = await PackRegistry.load(
    [STARTER_PACKS, config.packsDir].filter((folder) => folder !== undefined),
  );
  const listener = await openListener(config);
  const publicUrl = (config.publicUrl ?? listener.url).replace(/\/+$/, '');
  const cdnUrl = config.cdnUrl ?? `${publicUrl}/cdn`;

  const engine = new Engine({
    devices: config.devices,
    workers: config.engineWorkers,
    packs: registry.enginePacks(),
    limits: sourceLimits(config),
    log: (event, fields) => log.info(event, fields),
  });
  try {
    await engine.start();
  } catch (error) {
    await listener.close();
    throw error;
  }

  const jobsTable = new JobsTable(database);
  const resultsTable = new ResultsTable(database);
  const idempotency = new IdempotencyTable(database);
  const results = new ResultStore(config.dataDir, cdnUrl, resultsTable);
  const uploads = new UploadStore(
    config.dataDir,
    publicUrl,
    config.uploadHours * HOUR_MS,
    new UploadsTable(database),
  );
  const jobLedger = new JobLedger({
    database,
    ledger,
    jobs: jobsTable,
    results: resultsTable,
    idempotency,
    now,
    retentionMs: config.retentionDays === 0 ? undefined : config.retentionDays * DAY_MS,
  });
  await recoverJobs({ jobs: jobsTable, resultsTable, results, ledger: jobLedger, log });

  const admission = new Admission(
    {
      maxJobs: engine.slots + config.maxQueue,
      maxJobsPerAccount: config.maxJobsPerAccount,
      minFreeBytes: config.minFreeDiskMib * MIB,
    },
    () => freeBytes(config.dataDir),
  );
  const jobs = new JobService({
    plan: (request) => planJob(request, (task) => registry.packFor(task), prices),
    admission,
    ledger: jobLedger,
    fetcher: createSourceFetcher(config, results, uploads, now),
    queue: new FairQueue(engine.slots),
    engine,
    results,
    log,
    deadlineMs: config.deadlineS * 1000,
  });
  const windows = new RateWindows(new DayCountsTable(database), steadyClock());
  const flushWindows = () => database.transaction(() => windows.flush()); // one sync for all

  const storeUpload: RunningServer['storeUpload'] = async (path, bytes, accountId) => {
    const taskId = randomUUID();
    const task = {
      taskId,
      operation: { operation: 'inspect' as const },
      sourcePath: path,
      outputStem: path,
    };
    const signal = AbortSignal.timeout(config.deadlineS * 1000);
    const { source } = await engine.run(task, { signal, deadlineMs: config.deadlineS * 1000 });
    const kept = await uploads.keep({ accountId, path, bytes, ...source }, now());
    return { ...kept, ...source };
  };

  const app = createApp({
    ...config,
    log,
    version: readVersion(),
    publicUrl,
    bodyTimeoutMs: config.requestTimeoutS * 1000,
    prices,
    jobs,
    models: loadContractModels(),
    results: { folder: results.folder, status: (name) => results.status(name, now()) },
    uploads: {
      stagingFolder: results.stagingFolder,
      maxBytes: config.maxSourceBytes,
      timeoutMs: config.uploadTimeoutS * 1000,
      store: storeUpload,
    },
    authenticate: (key) => keys.authenticate(key),
    hit: (accountId) => windows.hit(accountId, accounts.limitsOf(accountId)),
    creditsOf: (accountId) => books.summaryOf(accountId),
    readiness: () => ({
      isReady: engine.isReady && !admission.isDraining,
      detail: { devices: engine.state },
    }),
  });
  listener.attach(app);

  const timers = [
    every(FLUSH_MS, log, flushWindows),
    every(SWEEP_MS, log, async () => {
      const deleted = (await results.expire(now())) + (await uploads.expire(now()));
      idempotency.removeOlderThan(now() - IDEMPOTENCY_HOURS * HOUR_MS);
      if (deleted > 0) log.info('expired', { deleted });
    }),
  ];

  return {
    url: publicUrl,
    books,
    accounts,
    engine,
    stagingFolder: results.stagingFolder,
    storeUpload,
    stop: async () => {
      const patience = new Promise<void>((resolve) => {
        setTimeout(resolve, config.shutdownS * 1000).unref();
      });
      await Promise.race([admission.drain(), patience]);
      await Promise.race([listener.close(), patience]);
      await engine.stop(config.shutdownS * 1000);
      for (const stopTimer of timers) stopTimer();
      flushWindows();
      database.close();
    },
  };
}
