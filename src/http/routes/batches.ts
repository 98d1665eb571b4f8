/**
 * POST /api/batches, GET and DELETE /api/batches/ID, its items, and a zip of its results. An item is
 * checked as its own route checks it; a wrong one refuses the whole, before anything is held.
 */
import { pipeline } from 'node:stream/promises';
import { type Request, type RequestHandler, type Response, Router } from 'express';
import { ZipFile } from 'yazl';
import type { z } from 'zod';
import {
  type batchItemsResponse,
  batchRequest,
  type batchResponse,
} from '../../contract/batches.ts';
import { wireTime } from '../../contract/responses.ts';
import { parseBody } from '../../contract/validation.ts';
import { forbidden, inItem, invalidRequest } from '../../errors.ts';
import type { BatchBook, BatchView } from '../../jobs/batch-book.ts';
import type { JobRequest } from '../../jobs/job.ts';
import { hasEnded, type JobBook } from '../../jobs/job-book.ts';
import type { JobService } from '../../jobs/job-service.ts';
import { callerOf, PAID_SCOPES, requireScope } from '../authenticate.ts';
import { idempotencyOf, type PaidOperation, payerOf, refuseEarly } from '../paid-route.ts';
import { wireJob, wireShare } from '../wire-job.ts';

/** What the routes stand on. */
export interface BatchesRouteParts {
  readonly jobs: JobService;
  readonly book: JobBook;
  readonly batches: BatchBook;
  readonly newBatchId: () => string;
  readonly operations: readonly PaidOperation[];
  /** Reads a JSON body as large as a batch may be. */
  readonly readJson: RequestHandler;
}

/** The sandbox's window counts a batch once, so its batches are small. */
const MAX_SANDBOX_ITEMS = 10;

const wireBatch = (batch: BatchView): z.infer<typeof batchResponse> => ({
  id: batch.id,
  operation: batch.operation,
  state: batch.state,
  total: batch.items.length,
  ...batch.counts,
  progress: wireShare(batch.progress),
  credits_used: batch.creditsUsed,
  created_at: wireTime(batch.createdAtMs),
  finished_at: batch.finishedAtMs === null ? null : wireTime(batch.finishedAtMs),
});

function toJobs(operation: PaidOperation, items: readonly unknown[]): readonly JobRequest[] {
  return items.map((item, index) => {
    try {
      return operation.toJob(item);
    } catch (error) {
      throw inItem(index, error);
    }
  });
}

/** Streams a batch's results; pictures are compressed already, so they are only stored. */
async function sendZip(res: Response, batch: BatchView, batches: BatchBook): Promise<void> {
  const zip = new ZipFile();
  for (const { path, name } of batches.filesOf(batch)) zip.addFile(path, name, { compress: false });
  const rest = batch.items.flatMap(({ id, state, error }, index) =>
    state === 'completed' ? [] : [{ index, id, state, error }],
  );
  if (rest.length > 0) {
    zip.addBuffer(Buffer.from(`${JSON.stringify(rest, null, 2)}\n`), 'not-delivered.json');
  }
  zip.end();
  res.setHeader('Content-Type', 'application/zip');
  res.setHeader('Content-Disposition', `attachment; filename="${batch.id}.zip"`);
  res.setHeader('Cache-Control', 'no-store');
  await pipeline(zip.outputStream, res);
}

/** The routes. */
export function batchesRoute(parts: BatchesRouteParts): Router {
  const { jobs, book, batches, operations, readJson } = parts;
  const router = Router({ caseSensitive: true, strict: true });
  const viewOf = (req: Request) => batches.view(callerOf(req).accountId, String(req.params['id']));
  const early = [requireScope(...PAID_SCOPES), refuseEarly(jobs, () => 'async'), readJson];

  router.post('/api/batches', ...early, async (req, res) => {
    const body = parseBody(batchRequest, req.body);
    const payer = payerOf(req);
    const operation = operations.find((one) => one.operation === body.operation);
    if (operation === undefined || !callerOf(req).scopes.includes(operation.operation)) {
      throw forbidden(`This key lacks the scope ${body.operation}.`);
    }
    if (payer.isSandbox && body.items.length > MAX_SANDBOX_ITEMS) {
      throw invalidRequest(`A batch of a sandbox key has at most ${MAX_SANDBOX_ITEMS} items.`);
    }
    const { jobIds, isReplay } = await jobs.submit(toJobs(operation, body.items), payer, {
      batchId: parts.newBatchId(),
      idempotency: idempotencyOf(req, 'batches'),
    });
    const { batchId } = book.view(payer.accountId, jobIds[0] ?? '');
    if (isReplay) res.setHeader('Idempotent-Replayed', 'true');
    const batch = batches.view(payer.accountId, batchId ?? '');
    res.status(202).location(`/api/batches/${batch.id}`).json(wireBatch(batch));
  });

  router.get('/api/batches/:id', requireScope('read'), (req, res) => {
    res.json(wireBatch(viewOf(req)));
  });

  router.get('/api/batches/:id/items', requireScope('read'), (req, res) => {
    const answer: z.infer<typeof batchItemsResponse> = { items: viewOf(req).items.map(wireJob) };
    res.json(answer);
  });

  router.get('/api/batches/:id/results.zip', requireScope('read'), async (req, res) => {
    await sendZip(res, viewOf(req), batches);
  });

  router.delete('/api/batches/:id', requireScope(...PAID_SCOPES), async (req, res) => {
    const open = viewOf(req).items.filter(({ state }) => !hasEnded(state));
    await Promise.all(open.map(({ id }) => jobs.cancel(id)));
    res.json(wireBatch(viewOf(req)));
  });
  return router;
}
