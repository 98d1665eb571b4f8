/** Builds the layers below HTTP: tables and folders, the engine, the jobs. */

import type { Config } from '../config.ts';
import { Engine } from '../engine/engine-pool.ts';
import type { EnginePack, SourceLimits } from '../engine/protocol.ts';
import type { SourceFetcher } from '../fetching/source-fetcher.ts';
import { ActiveJobs } from '../jobs/active-jobs.ts';
import { Admission } from '../jobs/admission.ts';
import { BatchBook } from '../jobs/batch-book.ts';
import { FairQueue } from '../jobs/fair-queue.ts';
import { JobBook } from '../jobs/job-book.ts';
import { JobLedger } from '../jobs/job-ledger.ts';
import type { JobObserver } from '../jobs/job-observer.ts';
import { JobRunner } from '../jobs/job-runner.ts';
import { JobService } from '../jobs/job-service.ts';
import { PictureMeasurer } from '../jobs/picture-measurer.ts';
import { costOf, type PackCatalogue, planJob } from '../jobs/plan.ts';
import { RunTimes } from '../jobs/run-times.ts';
import { UploadIntake } from '../jobs/upload-intake.ts';
import type { Log } from '../observability/log.ts';
import { chooseResidency } from '../packs/residency-choices.ts';
import { Ballast } from '../results/ballast.ts';
import { freeBytes } from '../results/disk-room.ts';
import { ResultStore } from '../results/result-store.ts';
import { UploadStore } from '../results/upload-store.ts';
import { BatchesTable } from '../store/batches-table.ts';
import { IdempotencyTable } from '../store/idempotency-table.ts';
import { JobEventsTable } from '../store/job-events-table.ts';
import { JobsTable } from '../store/jobs-table.ts';
import { ResultsTable } from '../store/results-table.ts';
import { UploadsTable } from '../store/uploads-table.ts';
import type { Books } from './books.ts';
import { steadyNow } from './clock.ts';
import { createSourceFetcher } from './sources.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MIB = 1024 * 1024;
/** Sources of background jobs on disk for each slot: enough that a slot never waits for the network. */
const STAGED_PER_SLOT = 8;

/** Limits of pictures, as the engine takes them. */
export const sourceLimits = (config: Config): SourceLimits => ({
  maxPixels: config.maxSourcePixels,
  minSidePx: config.minSidePx,
  maxSidePx: config.maxSidePx,
  maxAspectRatio: config.maxAspectRatio,
  maxResultPixels: config.maxResultPixels,
});

/** Where pictures and the rows about them lie. */
export function openStores(config: Config, books: Books, publicUrl: string) {
  const { database } = books;
  const results = new ResultsTable(database);
  return {
    jobs: new JobsTable(database),
    events: new JobEventsTable(database),
    batches: new BatchesTable(database),
    resultsTable: results,
    idempotency: new IdempotencyTable(database),
    results: new ResultStore(config.dataDir, config.cdnUrl ?? `${publicUrl}/cdn`, results),
    uploads: new UploadStore(
      config.dataDir,
      publicUrl,
      config.uploadHours * HOUR_MS,
      new UploadsTable(database),
    ),
  };
}

/** Tables and folders. */
export type Stores = ReturnType<typeof openStores>;

/** Start the engine processes. @throws Error with the reason. */
export async function startEngine(
  config: Config,
  packs: readonly EnginePack[],
  log: Log,
): Promise<Engine> {
  const engine = new Engine({
    devices: config.devices,
    workers: config.engineWorkers,
    packs,
    limits: sourceLimits(config),
    residency: chooseResidency(config, packs),
    replacementWaitMs: config.maxWaitS * 1000,
    log: (event, fields) => log.info(event, fields),
  });
  await engine.start();
  return engine;
}

/** The jobs layer. */
export type Jobs = ReturnType<typeof openJobs>;

/** What the jobs layer is built from. */
export interface WorkParts {
  readonly config: Config;
  readonly log: Log;
  readonly books: Books;
  readonly stores: Stores;
  readonly catalogue: PackCatalogue;
  readonly engine: Engine;
  /** Told of each change of a job inside its transaction. */
  readonly observers?: readonly JobObserver[];
  /** Where sources come from; absent: what `image_url` may name. */
  readonly fetcher?: SourceFetcher;
}

/** The jobs layer: ledger, admission, queue, paid calls, what is read of them, and uploads. */
export function openJobs(parts: WorkParts) {
  const { config, log, books, stores, catalogue, engine, observers = [], ...given } = parts;
  const { database, ledger: credits, prices } = books;
  const { results, uploads, jobs, events } = stores;
  const active = new ActiveJobs();
  const retentionMs = config.retentionDays === 0 ? undefined : config.retentionDays * DAY_MS;
  const ledger = new JobLedger({
    database,
    ledger: credits,
    jobs,
    events,
    batches: stores.batches,
    results: stores.resultsTable,
    idempotency: stores.idempotency,
    now: steadyNow,
    retentionMs,
    observers,
    onChanged: (jobId) => active.tell(jobId, 'state'),
  });
  const queue = new FairQueue(engine.slots);
  const runTimes = new RunTimes();
  const free = () => freeBytes(config.dataDir);
  const admission = new Admission({
    limits: {
      sync: {
        maxJobs: engine.slots + config.maxQueue,
        maxJobsPerAccount: config.maxJobsPerAccount,
      },
      async: {
        maxJobs: config.maxAsyncJobs,
        maxJobsPerAccount: config.maxAsyncJobsPerAccount,
      },
      maxWaitMs: config.maxWaitS * 1000,
      minFreeBytes: config.minFreeDiskMib * MIB,
    },
    freeBytes: free,
    expectedWaitMs: () => runTimes.waitMs(queue.waitingBefore('interactive'), queue.slots),
  });
  const ballast = new Ballast(config.dataDir, config.ballastMib * MIB, free);
  const deadlineMs = config.deadlineS * 1000;
  const fetcher = given.fetcher ?? createSourceFetcher(config, results, uploads, steadyNow);
  const staging = new FairQueue(STAGED_PER_SLOT * engine.slots);
  const runner = new JobRunner({
    ...{ ledger, active, fetcher, queue, staging, engine, results, log, runTimes, deadlineMs },
    makeRoom: () => ballast.release(),
  });
  const service = new JobService({
    plan: (request, payer) => planJob(request, payer, catalogue, prices),
    costOf: (request, payer) => costOf(request, payer, prices),
    ...{ admission, ledger, runner, active, fetcher, log, deadlineMs },
    now: steadyNow,
    asyncDeadlineMs: config.asyncDeadlineS * 1000,
  });
  const book = new JobBook({
    ...{ jobs, events, active, retentionMs },
    placeOf: (jobId) => queue.placeOf(jobId),
    waitMsOf: (place) => runTimes.waitMs(place + 1, queue.slots),
    now: steadyNow,
  });
  const batches = new BatchBook({ ...stores, book, now: steadyNow });
  const intake = new UploadIntake({
    admission,
    queue,
    engine,
    uploads,
    deadlineMs,
    now: steadyNow,
  });
  const measurer = new PictureMeasurer({
    ...{ admission, queue, engine, fetcher, results, deadlineMs },
    segmenterId: () => catalogue.packFor('segmentation'),
  });
  return { ledger, admission, service, book, batches, intake, measurer, ballast };
}
