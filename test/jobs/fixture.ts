import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { loadPrices } from '../../src/accounts/prices.ts';
import type { EngineResult, EngineTask } from '../../src/engine/protocol.ts';
import type { TaskOptions } from '../../src/engine/task.ts';
import { parseImageUrl } from '../../src/fetching/image-url.ts';
import { Admission } from '../../src/jobs/admission.ts';
import { FairQueue } from '../../src/jobs/fair-queue.ts';
import type { JobRequest, Payer } from '../../src/jobs/job.ts';
import { JobLedger } from '../../src/jobs/job-ledger.ts';
import { JobService } from '../../src/jobs/job-service.ts';
import { costOf, type JobPlan, planJob } from '../../src/jobs/plan.ts';
import type { Log } from '../../src/observability/log.ts';
import { RESULT_KINDS, ResultStore } from '../../src/results/result-store.ts';
import { IdempotencyTable } from '../../src/store/idempotency-table.ts';
import { ResultsTable } from '../../src/store/results-table.ts';
import { MARCH, testBooks } from '../accounts/fixture.ts';

export const CREDITS = 100;
export const PIXELS = Buffer.from('pixels');
export const REQUEST: JobRequest = {
  operation: 'remove-background',
  imageUrl: 'https://pictures.example/dish.jpg',
  options: { output: 'cutout', background: undefined, format: 'png' },
};

/** Writes the result as an engine does. */
export async function writeResult(task: EngineTask): Promise<EngineResult> {
  const path = `${task.outputStem}.png`;
  await writeFile(path, PIXELS);
  return {
    source: { widthPx: 64, heightPx: 48 },
    file: {
      path,
      format: 'png',
      bytes: PIXELS.length,
      sha256: createHash('sha256').update(PIXELS).digest('hex'),
      widthPx: 64,
      heightPx: 48,
    },
    timingsMs: {},
  };
}

/** The parts that stand in for the world; a test replaces the one it is about. */
export interface World {
  engine: (task: EngineTask, options: TaskOptions) => Promise<EngineResult>;
  fetch: (path: string, signal: AbortSignal) => Promise<void>;
}

/** Real books, queue and result store around an engine and a network of the test's own. */
export function jobsFixture() {
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
  const ledger = new JobLedger({
    database,
    ledger: books.ledger,
    jobs,
    results: resultsTable,
    idempotency: new IdempotencyTable(database),
    now: () => clock.nowMs,
    retentionMs: undefined,
  });
  const world: World = { engine: writeResult, fetch: (path) => writeFile(path, 'source') };
  const logged: string[] = [];
  const note = (event: string) => void logged.push(event);
  const log: Log = { debug: note, info: note, warn: note, error: note };
  const service = new JobService({
    plan: (request, by) => planJob(request, by, () => 'pack', loadPrices()),
    costOf: (request, by) => costOf(request, by, loadPrices()),
    admission: new Admission(
      { maxJobs: 1000, maxJobsPerAccount: 1000, minFreeBytes: 0 },
      async () => 1,
    ),
    ledger,
    fetcher: {
      prepare: (text) => parseImageUrl(text),
      fetchTo: (_url, _accountId, path, signal) => world.fetch(path, signal),
    },
    queue: new FairQueue(2),
    engine: { run: (task, options) => world.engine(task, options) },
    results,
    log,
    deadlineMs: 10_000,
  });
  return {
    ...{ database, jobs, clock, ledger, results, resultsTable, service, payer, world, log, logged },
    newPayer,
    newSandboxPayer,
    /** Id of a job that holds what a plan costs. */
    reserveFor: (plan: JobPlan, by: Payer) => ledger.reserve(plan, by, undefined).id,
    balance: () => books.ledger.balance(payer.accountId).total,
    reserve: () =>
      ledger.reserve(
        planJob(REQUEST, payer, () => 'pack', loadPrices()),
        payer,
        undefined,
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
