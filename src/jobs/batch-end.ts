/** Notices the end of a batch: in the transaction that ends the last of its jobs. */
import type { JobsTable } from '../store/jobs-table.ts';
import { hasEnded, publicState } from './job-book.ts';
import type { JobChange, JobObserver } from './job-observer.ts';
import { isFinal } from './states.ts';

/** How many jobs of a batch ended how. */
export interface BatchCounts {
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
}

/**
 * An observer that tells of ended batches.
 * @param onEnd Called inside the transaction, with the change that ended the batch.
 */
export function batchEndObserver(
  jobs: Pick<JobsTable, 'hasOpenInBatch' | 'listOfBatch'>,
  onEnd: (batchId: string, counts: BatchCounts, change: JobChange) => void,
): JobObserver {
  return (change) => {
    const { batchId, state } = change;
    if (batchId === null || !isFinal(state) || jobs.hasOpenInBatch(batchId)) return;
    const counts = { completed: 0, failed: 0, cancelled: 0 };
    for (const job of jobs.listOfBatch(batchId)) {
      const end = publicState(job.state, job.errorCode);
      if (hasEnded(end)) counts[end as keyof BatchCounts] += 1;
    }
    onEnd(batchId, counts, change);
  };
}
