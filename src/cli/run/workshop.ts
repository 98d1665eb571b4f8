/**
 * The job path of the server without HTTP, in a data folder of its own that is deleted afterwards, so
 * that the operator's own pictures touch no account and a server that runs beside is not disturbed. A
 * source is named by an address of `garnish.invalid`, which only this process knows and which the
 * fetcher reads as one of its own, so size limits, staging, engine, ledger and publishing are the
 * server's. Sending files in as uploads would decode each one twice.
 */
import { rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { type Config, loadConfig } from '../../config.ts';
import { Downloader } from '../../fetching/download.ts';
import { createFetchPolicy } from '../../fetching/fetch-policy.ts';
import { SourceFetcher } from '../../fetching/source-fetcher.ts';
import type { JobResult } from '../../jobs/job.ts';
import { type PackCatalogue, planJob } from '../../jobs/plan.ts';
import type { Log } from '../../observability/log.ts';
import { PlatformBook } from '../../platforms/platform-book.ts';
import { type Books, openBooks } from '../books.ts';
import { catalogueOf, loadPacks } from '../catalogue.ts';
import { openJobs, openStores, startEngine } from '../layers.ts';
import { BACKGROUND_ADDRESS, type RunTask } from './request.ts';
import { UsageError } from './usage-error.ts';

/** A finished picture, in the data folder until it is removed. */
export interface Made {
  readonly path: string;
  readonly result: JobResult;
}

/** Carries out one task on files. */
export interface Workshop {
  /** Jobs that can run at once. */
  readonly slots: number;
  /** Carry out the task on one source. @throws ApiError. */
  make(sourcePath: string): Promise<Made>;
  /** Delete a finished picture that was taken away. */
  remove(made: Made): Promise<void>;
  /** End the engine and delete the data folder. */
  close(): Promise<void>;
}

const BASE = 'http://garnish.invalid';
/** More than any run can use up; it is the run's own account, which ends with it. */
const CREDITS = 1_000_000_000;
const ENGINE_STOP_MS = 5_000;

/** Fetches nothing but the files it is told of. */
function fileFetcher(config: Config, paths: ReadonlyMap<string, string>): SourceFetcher {
  const policy = createFetchPolicy({ allow: [], only: [], own: [] });
  return new SourceFetcher({
    downloader: new Downloader({
      policy,
      maxBytes: config.maxSourceBytes,
      deadlineMs: config.fetchDeadlineS * 1000,
    }),
    policy,
    ownSource: (url) => {
      const path = paths.get(url.href);
      return path === undefined ? { kind: 'missing' } : { kind: 'file', path };
    },
    isOffline: true,
  });
}

/** Refuse what would fail for every file, before the engine is started for it. */
function assertPossible(task: RunTask, catalogue: PackCatalogue, { prices }: Books): void {
  try {
    planJob(task.request(BASE), { isSandbox: false }, catalogue, prices);
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

/** Settings of the server, with limits that are meant for callers out of the way. */
const configFor = (dataDir: string): Config => ({
  ...loadConfig(),
  dataDir,
  maxQueue: 100_000,
  maxJobsPerAccount: 100_000,
  maxWaitS: 3_600,
});

/**
 * Open a workshop.
 * @param dataDir An empty folder.
 * @throws UsageError when no installed pack can do the task; Error when a pack or a device cannot be
 *   used.
 */
export async function openWorkshop(task: RunTask, dataDir: string, log: Log): Promise<Workshop> {
  const config = configFor(dataDir);
  const registry = await loadPacks(config);
  const catalogue = catalogueOf({ registry, platforms: PlatformBook.load(config.platformsDir) });
  const books = openBooks(dataDir);
  assertPossible(task, catalogue, books);
  const engine = await startEngine(config, registry.enginePacks(), log);
  const stores = openStores(config, books, BASE);
  const paths = new Map<string, string>();
  const { backgroundPath } = task;
  if (backgroundPath !== undefined) paths.set(BACKGROUND_ADDRESS, backgroundPath);
  const fetcher = fileFetcher(config, paths);
  const { service } = openJobs({ config, log, books, stores, catalogue, engine, fetcher });
  const account = books.accounts.create({ plan: 'enterprise', credits: CREDITS }, Date.now());
  const { id: keyId } = books.keys.create(account.id);
  const { signal } = new AbortController();
  const pathOf = (result: JobResult) =>
    stores.results.pathOf(stores.results.nameOfUrl(new URL(result.images[0].url)) ?? '');
  let sources = 0;
  return {
    slots: engine.slots,
    make: async (sourcePath) => {
      sources += 1;
      const url = `${BASE}/sources/${sources}`;
      paths.set(url, sourcePath);
      try {
        const payer = { accountId: account.id, keyId, isSandbox: false };
        const { result } = await service.run(task.request(url), payer, { signal });
        return { result, path: pathOf(result) };
      } finally {
        paths.delete(url);
      }
    },
    remove: ({ path }) => rm(path, { force: true }),
    close: async () => {
      await engine.stop(ENGINE_STOP_MS);
      books.database.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
