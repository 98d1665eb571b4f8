/**
 * What a start does with the jobs that the last stop cut off: a published result that is intact is
 * settled; jobs that nobody waited on the line for are taken up again, those that ran once more; all
 * else is voided and its files removed.
 */
import type { Log } from '../observability/log.ts';
import type { ResultStore } from '../results/result-store.ts';
import type { JobRow, JobsTable } from '../store/jobs-table.ts';
import type { ResultsTable } from '../store/results-table.ts';
import type { JobLedger } from './job-ledger.ts';
import { randomOf } from './job-ticket.ts';

/** What recovery works on. */
export interface RecoveryParts {
  readonly jobs: JobsTable;
  readonly resultsTable: ResultsTable;
  readonly results: ResultStore;
  readonly ledger: JobLedger;
  readonly log: Log;
}

/** What became of the jobs that were found. */
export interface RecoveryReport {
  readonly settled: number;
  readonly voided: number;
  /** Jobs to be taken up again, oldest first. */
  readonly resumable: readonly JobRow[];
}

/** Times a job may begin to run when the server dies while it does. */
const MAX_STARTS = 2;

function isResumable(job: JobRow): boolean {
  if (job.isAsync !== 1) return false;
  switch (job.state) {
    case 'reserved':
    case 'queued':
      return true;
    case 'running':
    case 'published': // its file was lost
      return job.starts < MAX_STARTS;
    default:
      return false;
  }
}

/** Bring every unfinished job to its end, or name it as resumable; run before new ones are taken. */
export async function recoverJobs(parts: RecoveryParts): Promise<RecoveryReport> {
  const { jobs, resultsTable, results, ledger, log } = parts;
  const resumable: JobRow[] = [];
  let settled = 0;
  let voided = 0;
  for (const job of jobs.listUnfinished()) {
    const files = resultsTable.listForJob(job.id);
    const checks = await Promise.all(files.map((file) => results.verify(file.name, file.sha256)));
    if (job.state === 'published' && files.length > 0 && checks.every(Boolean)) {
      ledger.settle(job.id, job.accountId);
      settled += 1;
      continue;
    }
    for (const file of files) await results.removeFile(file.name);
    if (isResumable(job)) {
      resumable.push(job);
    } else {
      ledger.void(job.id, job.accountId, undefined);
      voided += 1;
    }
  }
  results.sweepStaging(resumable.map(({ id }) => randomOf(id)));
  const resumed = resumable.length;
  if (settled + voided + resumed > 0) log.warn('jobs-recovered', { settled, voided, resumed });
  return { settled, voided, resumable };
}
