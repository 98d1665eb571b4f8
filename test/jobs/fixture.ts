import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { loadPrices } from '../../src/accounts/prices.ts';
import type { EngineFile, EngineResult, EngineTask } from '../../src/engine/protocol.ts';
import type { TaskOptions } from '../../src/engine/task.ts';
import { parseImageUrl } from '../../src/fetching/image-url.ts';
import { ActiveJobs } from '../../src/jobs/active-jobs.ts';
import { Admission } from '../../src/jobs/admission.ts';
import { FairQueue } from '../../src/jobs/fair-queue.ts';
import type { Generator } from '../../src/jobs/generation-plan.ts';
import type { EnhanceRequest, GenerateRequest, JobRequest, Payer } from '../../src/jobs/job.ts';
import { JobBook } from '../../src/jobs/job-book.ts';
import { JobLedger, type ReserveOptions } from '../../src/jobs/job-ledger.ts';
import type { JobChange } from '../../src/jobs/job-observer.ts';
import { JobRunner } from '../../src/jobs/job-runner.ts';
import { JobService } from '../../src/jobs/job-service.ts';
import { costOf, type JobPlan, type PackCatalogue, planJob } from '../../src/jobs/plan.ts';
import { RunTimes } from '../../src/jobs/run-times.ts';
import type { Log } from '../../src/observability/log.ts';
import { loadPresets } from '../../src/packs/presets.ts';
import { loadStyles } from '../../src/packs/styles.ts';
import { RESULT_KINDS, ResultStore } from '../../src/results/result-store.ts';
import { BatchesTable } from '../../src/store/batches-table.ts';
import { IdempotencyTable } from '../../src/store/idempotency-table.ts';
import { JobEventsTable } from '../../src/store/job-events-table.ts';
import { ResultsTable } from '../../src/store/results-table.ts';
import { MARCH, testBooks } from '../accounts/fixture.ts';

export const CREDITS = 100;
export const PIXELS = Buffer.from('pixels');
export const REQUEST: Extract<JobRequest, { operation: 'remove-background' }> = {
  operation: 'remove-background',
  imageUrl: 'https://pictures.example/dish.jpg',
  options: {
    output: 'cutout',
    background: undefined,
    shadow: undefined,
    framing: undefined,
    format: 'png',
  },
};

export const GENERATE: GenerateRequest = {
  operation: 'generate',
  model: 'flux-2-pro',
  prompt: 'Gourmet burger',
  style: 'natural',
  aspectRatio: '1:1',
  count: 1,
  seed: 7,
  imageUrl: undefined,
  options: {
    negativePrompt: undefined,
    steps: undefined,
    guidanceScale: undefined,
    strength: undefined,
    format: 'png',
  },
};
export const ENHANCE: EnhanceRequest = {
  operation: 'enhance',
  imageUrl: 'https://pictures.example/dish.jpg',
  preset: 'balanced',
  options: {
    upscale: true,
    removeBackground: false,
    platform: undefined,
    crop: true,
    format: undefined,
  },
  hasChangeMap: false,
};
/** A pack that can do everything. */
export const GENERATOR: Generator = {
  packId: 'drawer',
  longestSidePx: 1024,
  steps: { default: 20, max: 50 },
  guidanceScale: { default: 7.5, max: 20 },
  supports: ['guidance', 'negativePrompt', 'strength', 'reference'],
};
export const PACKS: PackCatalogue = {
  packFor: () => 'pack',
  generatorFor: () => GENERATOR,
  styles: loadStyles().styles,
  presets: loadPresets().presets,
  platformTarget: (name) => ({ id: name, demands: {} }),
};

async function writePixels(path: string): Promise<EngineFile> {
  await writeFile(path, PIXELS);
  const sha256 = createHash('sha256').update(PIXELS).digest('hex');
  return { path, format: 'png', bytes: PIXELS.length, sha256, widthPx: 64, heightPx: 48 };
}

/** Writes the result as an engine does. */
export async function writeResult({ operation, outputStem }: EngineTask): Promise<EngineResult> {
  if (operation.operation !== 'generate') {
    const files = [await writePixels(`${outputStem}.png`)];
    return { source: { widthPx: 64, heightPx: 48 }, files, timingsMs: {} };
  }
  const numbers = Array.from({ length: operation.count }, (_, index) => index);
  const files = await Promise.all(numbers.map((i) => writePixels(`${outputStem}_${i}.png`)));
  return { files, promptTokens: { kept: 75, total: 90 }, timingsMs: {} };
}

/** The parts that stand in for the world; a test replaces the one it is about. */
export interface World {
  engine: (task: EngineTask, options: TaskOptions) => Promise<EngineResult>;
  fetch: (path: string, signal: AbortSignal) => Promise<void>;
  makeRoom: () => boolean;
}

const CAPS = { maxJobs: 1000, maxJobsPerAccount: 1000 };

/** Real books, queue and result store around an engine and a network of the test's own. */
export function jobsFixture({ retentionMs }: { readonly retentionMs?: number } = {}) {
  const dataDir = mkdtempSync(join(tmpdir(), 'garnish-test-'));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  const books = testBooks();
  const newPayer = () => {
    const accountId = books.accounts.create({ plan: 'pro', credits: CREDITS }, MARCH).id;
    return { accountId, keyId: books.keys.create(accountId).id, isSandbox: false };
  };
  const payer = newPayer();
  const newSandboxPayer = (accountId: string): Payer => {
    const { id: keyId } = books.keys.create(accountId, { isSandbox: true });
    return { accountId, keyId, isSandbox: true };
  };
  const { database, jobs, clock } = books;
  const resultsTable = new ResultsTable(database);
  const results = new ResultStore(dataDir, 'https://cdn.example', resultsTable);
  const active = new ActiveJobs();
  const events = new JobEventsTable(database);
  const changes: JobChange[] = [];
  const ledger = new JobLedger({
    database,
    ledger: books.ledger,
    jobs,
    events,
    batches: new BatchesTable(database),
    results: resultsTable,
    idempotency: new IdempotencyTable(database),
    now: () => clock.nowMs,
    retentionMs,
    observers: [(change) => void changes.push(change)],
    onChanged: (jobId) => active.tell(jobId, 'state'),
  });
  const world: World = {
    engine: writeResult,
    fetch: (path) => writeFile(path, 'source'),
    makeRoom: () => false,
  };
  const logged: string[] = [];
  const note = (event: string) => void logged.push(event);
  const log: Log = { debug: note, info: note, warn: note, error: note };
  const queue = new FairQueue(2);
  const fetcher = {
    prepare: (text: string) => parseImageUrl(text),
    fetchTo: (_url: unknown, _accountId: string, path: string, signal: AbortSignal) =>
      world.fetch(path, signal),
  };
  /** A service as a start makes it; two of them are two starts over the same books. */
  const newService = () =>
    new JobService({
      plan: (request, by) => planJob(request, by, PACKS, loadPrices()),
      costOf: (request, by) => costOf(request, by, loadPrices()),
      admission: new Admission({
        limits: { sync: CAPS, async: CAPS, maxWaitMs: 1000, minFreeBytes: 0 },
        freeBytes: async () => 1,
        expectedWaitMs: () => 0,
      }),
      ...{ ledger, active, fetcher, log },
      runner: new JobRunner({
        ...{ ledger, active, fetcher, queue, results, log, deadlineMs: 10_000 },
        runTimes: new RunTimes(),
        makeRoom: () => world.makeRoom(),
        staging: new FairQueue(4),
        engine: { run: (task, options) => world.engine(task, options) },
      }),
      now: () => clock.nowMs,
      deadlineMs: 10_000,
      asyncDeadlineMs: 60_000,
    });
  const service = newService();
  const book = new JobBook({
    ...{ jobs, events, active, retentionMs },
    placeOf: (jobId) => queue.placeOf(jobId),
    waitMsOf: (place) => place * 1000,
    now: () => clock.nowMs,
  });
  return {
    ...{ database, jobs, clock, ledger, results, resultsTable, service, newService, book },
    ...{ payer, world, log, logged, changes },
    newPayer,
    newSandboxPayer,
    /** Id of a job that holds what a plan costs. */
    reserveFor: (plan: JobPlan, by: Payer) => ledger.reserve({ request: REQUEST, plan }, by).id,
    balance: () => books.ledger.balance(payer.accountId).total,
    reserve: (options?: ReserveOptions) =>
      ledger.reserve(
        { request: REQUEST, plan: planJob(REQUEST, payer, PACKS, loadPrices()) },
        payer,
        options,
      ),
    /** State and error code of every job, in the order of their making. */
    states: () =>
      database
        .prepare<{ state: string; code: string | null }>(
          'SELECT state, error_code AS code FROM jobs ORDER BY rowid',
        )
        .all(),
    /** Every file in the staging folder and on the CDN. */
    files: () => [
      ...readdirSync(results.stagingFolder),
      ...RESULT_KINDS.flatMap((kind) => readdirSync(join(results.folder, kind))),
    ],
  };
}
