/** GET /api/jobs, GET and DELETE /api/jobs/ID, GET /api/jobs/ID/events. */
import { Router } from 'express';
import type { z } from 'zod';
import { jobsQuery, type jobsResponse } from '../../contract/jobs.ts';
import { parseBody } from '../../contract/validation.ts';
import type { JobBook } from '../../jobs/job-book.ts';
import { hasEnded } from '../../jobs/job-book.ts';
import type { JobService } from '../../jobs/job-service.ts';
import { callerOf, PAID_SCOPES, requireScope } from '../authenticate.ts';
import type { EventStreams } from '../event-streams.ts';
import { cursorAfter, placeOfCursor } from '../page-cursor.ts';
import { setResultHeaders } from '../result-headers.ts';
import { wireJob } from '../wire-job.ts';

/** What the routes stand on. */
export interface JobsRouteParts {
  readonly jobs: Pick<JobService, 'cancel'>;
  readonly book: JobBook;
  readonly streams: EventStreams;
}

/** The routes. */
export function jobsRoute({ jobs, book, streams }: JobsRouteParts): Router {
  const router = Router({ caseSensitive: true, strict: true });

  router.get('/api/jobs', requireScope('read'), (req, res) => {
    const { accountId } = callerOf(req);
    const { limit, cursor } = parseBody(jobsQuery, req.query);
    const page = book.list({ accountId, limit, before: placeOfCursor(cursor) });
    const last = page.at(-1);
    const answer: z.infer<typeof jobsResponse> = {
      jobs: page.map(wireJob),
      next_cursor:
        last === undefined || page.length < limit
          ? null
          : cursorAfter({ createdAt: last.createdAtMs, id: last.id }),
    };
    res.json(answer);
  });

  router.get('/api/jobs/:id', requireScope('read'), (req, res) => {
    const job = book.view(callerOf(req).accountId, String(req.params['id']));
    if (job.result !== null) setResultHeaders(res, job.result);
    res.json(wireJob(job));
  });

  router.get('/api/jobs/:id/events', requireScope('read'), (req, res) => {
    const { accountId } = callerOf(req);
    const { id } = book.view(accountId, String(req.params['id']));
    streams.open(req, res, { accountId, jobId: id });
  });

  router.delete('/api/jobs/:id', requireScope(...PAID_SCOPES), async (req, res) => {
    const { accountId } = callerOf(req);
    const job = book.view(accountId, String(req.params['id']));
    if (!hasEnded(job.state)) await jobs.cancel(job.id);
    res.json(wireJob(book.view(accountId, job.id)));
  });
  return router;
}
