/** Reads batches for the account they belong to. */
import { existsSync } from 'node:fs';
import { gone, notFound } from '../errors.ts';
import type { ResultStore } from '../results/result-store.ts';
import type { BatchesTable } from '../store/batches-table.ts';
import type { ResultsTable } from '../store/results-table.ts';
import type { Operation } from './job.ts';
import { hasEnded, type JobBook, type JobView, type PublicJobState } from './job-book.ts';
import { randomOf } from './job-ticket.ts';

/** A batch as its account sees it. */
export interface BatchView {
  readonly id: string;
  readonly operation: Operation;
  readonly state: 'running' | 'completed' | 'cancelled';
  readonly counts: Readonly<Record<PublicJobState, number>>;
  /** Mean share done of its items, 0 to 1. */
  readonly progress: number;
  /** Credits of the items that were delivered. */
  readonly creditsUsed: number;
  readonly createdAtMs: number;
  readonly finishedAtMs: number | null;
  readonly items: readonly JobView[];
}

/** A result's file, and its name in the batch's archive. */
export interface BatchFile {
  readonly path: string;
  readonly name: string;
}

/** What the book is made of. */
export interface BatchBookParts {
  readonly batches: BatchesTable;
  readonly book: JobBook;
  readonly resultsTable: ResultsTable;
  readonly results: Pick<ResultStore, 'pathOf'>;
  readonly now: () => number;
}

const INDEX_DIGITS = 3;

function countStates(items: readonly JobView[]): BatchView['counts'] {
  const counts = { queued: 0, running: 0, completed: 0, failed: 0, cancelled: 0 };
  for (const { state } of items) counts[state] += 1;
  return counts;
}

function stateOf(counts: BatchView['counts']): BatchView['state'] {
  if (counts.queued + counts.running > 0) return 'running';
  return counts.cancelled > 0 ? 'cancelled' : 'completed';
}

const sum = (items: readonly JobView[], of: (item: JobView) => number): number =>
  items.reduce((total, item) => total + of(item), 0);

/** Reads batches. */
export class BatchBook {
  readonly #parts: BatchBookParts;

  constructor(parts: BatchBookParts) {
    this.#parts = parts;
  }

  /**
   * One batch of an account.
   * @throws ApiError `not_found` (also for another account's), `gone`.
   */
  view(accountId: string, batchId: string): BatchView {
    const { batches, book, now } = this.#parts;
    const batch = batches.get(batchId);
    if (batch === undefined || batch.accountId !== accountId) throw notFound();
    const items = book.listOfBatch(batchId);
    const counts = countStates(items);
    const state = stateOf(counts);
    const isOver = items.every(({ expiresAtMs }) => expiresAtMs !== null && expiresAtMs <= now());
    if (isOver) throw gone();
    const finishedAtMs = Math.max(...items.map((item) => item.finishedAtMs ?? 0));
    return {
      id: batchId,
      operation: batch.operation as Operation,
      state,
      counts,
      progress: sum(items, (item) => (hasEnded(item.state) ? 1 : item.progress)) / items.length,
      creditsUsed: sum(items, (item) => (item.state === 'completed' ? item.costCredits : 0)),
      createdAtMs: batch.createdAt,
      finishedAtMs: state === 'running' ? null : finishedAtMs,
      items,
    };
  }

  /** The files of what was delivered so far and is still kept: `000_<id>[_<n>].png`, in the batch's order. */
  filesOf(batch: BatchView): readonly BatchFile[] {
    const { resultsTable, results } = this.#parts;
    return batch.items.flatMap((item, index) => {
      if (item.state !== 'completed') return [];
      const number = String(index).padStart(INDEX_DIGITS, '0');
      return resultsTable
        .listForJob(item.id)
        .map(({ name }) => ({
          path: results.pathOf(name),
          name: `${number}_${item.id}${name.slice(name.lastIndexOf('/') + 1 + randomOf(item.id).length)}`,
        }))
        .filter(({ path }) => existsSync(path));
    });
  }
}
