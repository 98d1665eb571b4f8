/**
 * What a start does with the jobs that the last stop cut off: a published result that is intact is
 * settled, everything else is voided and its files removed.
 */
import type { Log } from '../observability/log.ts';
import type { ResultStore } from '../results/result-store.ts';
import type { JobsTable } from '../store/jobs-table.ts';
import type { ResultsTable } from '../store/results-table.ts';
import type { JobLedger } from './job-ledger.ts';

/** What recovery works on. */
export interface RecoveryParts {
  readonly jobs: JobsTable;
  readonly resultsTable: ResultsTable;
  readonly results: ResultStore;
  readonly ledger: JobLedger;
  readonly log: Log;
}

/** How many jobs were found and what became of them. */
export interface RecoveryReport {
  readonly settled: number;
  readonly voided: number;
}

/** Bring every unfinished job to its end; run before the server takes new ones. */
export async function recoverJobs(parts: RecoveryParts): Promise<RecoveryReport> {
  const { jobs, resultsTable, results, ledger, log } = parts;
  let settled = 0;
  let voided = 0;
  for (const job of jobs.listUnfinished()) {
    const files = resultsTable.listForJob(job.id);
    const checks = await Promise.all(files.map((file) => results.verify(file.name, file.sha256)));
    if (job.state === 'published' && files.length > 0 && checks.every(Boolean)) {
      ledger.settle(job.id, job.accountId);
      settled += 1;
    } else {
      for (const file of files) await results.removeFile(file.name);
      ledger.void(job.id, job.accountId, undefined);
      voided += 1;
    }
  }
  if (settled + voided > 0) log.warn('jobs-recovered', { settled, voided });
  return { settled, voided };
}
