import { expect, test } from 'vitest';
import { loadPrices } from '../../src/accounts/prices.ts';
import { type BatchCounts, batchEndObserver } from '../../src/jobs/batch-end.ts';
import { JobCancelled } from '../../src/jobs/job.ts';
import { planJob } from '../../src/jobs/plan.ts';
import { jobsFixture, PACKS, REQUEST } from './fixture.ts';

test('the end of a batch is told once, with the last of its jobs', () => {
  const fixture = jobsFixture();
  const ends: { batchId: string; counts: BatchCounts }[] = [];
  const observe = batchEndObserver(fixture.jobs, (batchId, counts) => {
    ends.push({ batchId, counts });
  });
  const order = {
    request: REQUEST,
    plan: planJob(REQUEST, fixture.payer, PACKS, loadPrices()),
  };
  const { ledger, payer } = fixture;
  const tickets = ledger.reserveAll([order, order, order], payer, {
    isAsync: true,
    batchId: `batch_${'b'.repeat(26)}`,
  });
  const single = ledger.reserve(order, payer, { isAsync: true });
  const reasons = [undefined, new JobCancelled(), undefined];
  for (const [i, { id }] of tickets.entries()) {
    ledger.void(id, payer.accountId, reasons[i]);
    for (const change of fixture.changes.splice(0)) observe(change);
    expect(ends).toHaveLength(i === 2 ? 1 : 0);
  }
  ledger.void(single.id, payer.accountId, undefined);
  for (const change of fixture.changes.splice(0)) observe(change);
  expect(ends).toEqual([
    { batchId: `batch_${'b'.repeat(26)}`, counts: { completed: 0, failed: 2, cancelled: 1 } },
  ]);
});
