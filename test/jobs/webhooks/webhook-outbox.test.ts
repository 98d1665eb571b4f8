/** Which events are written for whom, and that they stand and fall with what they tell. */
import { describe, expect, test } from 'vitest';
import { randomId } from '../../../src/store/random-id.ts';
import { JOB_ID, URL_A, webhooksFixture } from './fixture.ts';

const nobody = () => Promise.reject(new Error('nothing is sent here'));

describe('a job', () => {
  test.each([
    [{ state: 'settled' }, 'job.completed'],
    [{ state: 'voided', errorCode: 'invalid_image' }, 'job.failed'],
    [{ state: 'voided', errorCode: 'cancelled' }, 'job.cancelled'],
    [{ state: 'reserved' }, undefined],
    [{ state: 'queued' }, undefined],
    [{ state: 'running' }, undefined],
    [{ state: 'published' }, undefined],
    [{ state: 'settled', isAsync: false }, undefined],
  ] as const)('%o is told as %s', (patch, event) => {
    const { book, outbox, accountId, change, written, woken } = webhooksFixture(nobody);
    const { id } = book.create(accountId, URL_A);
    outbox.observe(change(patch));
    expect(written(id).map((delivery) => delivery.event)).toEqual(
      event === undefined ? [] : [event],
    );
    expect(woken()).toBe(event === undefined ? 0 : 1);
  });

  test('is told with its id, how it ended and why, and no more', () => {
    const { book, outbox, accountId, change, written } = webhooksFixture(nobody);
    const { id } = book.create(accountId, URL_A);
    outbox.observe(change({ state: 'voided', errorCode: 'invalid_image' }));
    expect(JSON.parse(written(id)[0]?.payload ?? '')).toEqual({
      type: 'job.failed',
      timestamp: '2026-03-15T12:00:00Z',
      data: {
        id: JOB_ID,
        operation: 'remove-background',
        state: 'failed',
        error_code: 'invalid_image',
        batch_id: null,
      },
    });
  });

  test('is told to every enabled webhook of its account that asks for it, each under its own id', () => {
    const { book, outbox, accountId, change, written, newAccount } = webhooksFixture(nobody);
    const all = book.create(accountId, URL_A);
    const failures = book.create(accountId, URL_A, ['job.failed', 'job.cancelled']);
    const again = book.create(accountId, URL_A, ['job.completed']);
    const disabled = book.create(accountId, URL_A);
    book.change(accountId, disabled.id, { isEnabled: false });
    const foreign = book.create(newAccount(), URL_A);
    outbox.observe(change());
    const counts = [all, failures, again, disabled, foreign].map(({ id }) => written(id).length);
    expect(counts).toEqual([1, 0, 1, 0, 0]);
    expect(written(all.id)[0]?.id).toMatch(/^msg_[a-z0-9]{26}$/);
    expect(written(all.id)[0]?.id).not.toBe(written(again.id)[0]?.id);
  });

  test('whose change is undone is not told', () => {
    const { book, outbox, accountId, change, written, database } = webhooksFixture(nobody);
    const { id } = book.create(accountId, URL_A);
    expect(() =>
      database.transaction(() => {
        outbox.observe(change());
        throw new Error('undone');
      }),
    ).toThrow('undone');
    expect(written(id)).toEqual([]);
  });
});

test('the end of a batch is told with its counts to those who ask for it', () => {
  const { book, outbox, accountId, written, clock } = webhooksFixture(nobody);
  const asks = book.create(accountId, URL_A, ['batch.completed']);
  const other = book.create(accountId, URL_A, ['job.completed']);
  const batchId = randomId('batch');
  const counts = { completed: 7, failed: 2, cancelled: 1 };
  outbox.batchCompleted({
    ...{ batchId, accountId, operation: 'upscale', ...counts, atMs: clock.nowMs },
  });
  expect(written(other.id)).toEqual([]);
  expect(written(asks.id).map(({ payload }) => JSON.parse(payload))).toEqual([
    {
      type: 'batch.completed',
      timestamp: '2026-03-15T12:00:00Z',
      data: { id: batchId, operation: 'upscale', ...counts },
    },
  ]);
});
