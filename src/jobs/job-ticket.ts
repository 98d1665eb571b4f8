/** What a job is called by while it is carried. */
import type { JobRow } from '../store/jobs-table.ts';

/** A job whose credits are held. */
export interface JobTicket {
  /** Public id, `<prefix>_<random>`. */
  readonly id: string;
  /** The random part, which is also the file's name on the CDN. */
  readonly random: string;
  readonly accountId: string;
  readonly createdAtMs: number;
  readonly costCredits: number;
}

/** The random part of a job's id. */
export const randomOf = (jobId: string): string => jobId.slice(jobId.indexOf('_') + 1);

/** The ticket of a stored job. */
export const ticketOf = (job: JobRow): JobTicket => ({
  id: job.id,
  random: randomOf(job.id),
  accountId: job.accountId,
  createdAtMs: job.createdAt,
  costCredits: job.costCredits,
});
