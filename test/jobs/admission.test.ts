import { describe, expect, test } from 'vitest';
import { ApiError } from '../../src/errors.ts';
import { Admission } from '../../src/jobs/admission.ts';

const LIMITS = {
  sync: { maxJobs: 3, maxJobsPerAccount: 2 },
  async: { maxJobs: 30, maxJobsPerAccount: 20 },
  maxWaitMs: 10_000,
  minFreeBytes: 1000,
};

const admission = (freeBytes: () => Promise<number> = async () => 1000, waitMs = () => 0) =>
  new Admission({ limits: LIMITS, freeBytes, expectedWaitMs: waitMs });

/** Code of the refusal and when to try again. */
async function refusal(admitted: Promise<unknown>) {
  const error: unknown = await admitted.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ApiError)) throw error ?? new Error('It was admitted.');
  expect(error.details.retryAfterS).toBeGreaterThan(0);
  return error.code;
}

describe('refuses', () => {
  test('a third job of an account that may have two', async () => {
    const jobs = admission();
    const leave = await jobs.admit('a', 'sync');
    await jobs.admit('a', 'sync');
    expect(await refusal(jobs.admit('a', 'sync'))).toBe('too_many_concurrent_requests');
    await jobs.admit('b', 'sync');
    leave();
    await jobs.admit('a', 'sync');
  });

  test('a fourth job where three may be', async () => {
    const jobs = admission();
    const leave = await jobs.admit('a', 'sync');
    await jobs.admit('b', 'sync');
    await jobs.admit('c', 'sync');
    expect(await refusal(jobs.admit('d', 'sync'))).toBe('overloaded');
    leave();
    await jobs.admit('d', 'sync');
  });

  test('every job without disk room, and holds no place for it', async () => {
    const room = { bytes: 999 };
    const jobs = admission(async () => room.bytes);
    for (const account of ['a', 'a', 'a', 'b']) {
      expect(await refusal(jobs.admit(account, 'sync'))).toBe('storage_full');
    }
    room.bytes = 1000;
    await jobs.admit('a', 'sync');
    await jobs.admit('a', 'sync');
  });

  test('and gives the place back when the disk cannot be asked', async () => {
    const jobs = admission(() => Promise.reject(new Error('EIO')));
    await expect(jobs.admit('a', 'sync')).rejects.toThrow('EIO');
    await jobs.drain();
  });
});

describe('jobs in the background', () => {
  test('have caps of their own, and are taken all or none', async () => {
    const jobs = admission();
    for (const account of ['a', 'a', 'b']) await jobs.admit(account, 'sync');
    const leave = await jobs.admit('a', 'async', 20);
    expect(await refusal(jobs.admit('a', 'async'))).toBe('too_many_concurrent_requests');
    expect(await refusal(jobs.admit('b', 'async', 11))).toBe('overloaded');
    await jobs.admit('b', 'async', 10);
    leave();
    leave(2);
    await jobs.admit('a', 'async', 3);
    expect(await refusal(jobs.admit('a', 'async'))).toBe('too_many_concurrent_requests');
  });

  test('that an earlier start admitted are counted without being asked', async () => {
    const jobs = admission();
    for (let i = 0; i < 25; i += 1) jobs.readmit('a');
    expect(await refusal(jobs.admit('a', 'async'))).toBe('too_many_concurrent_requests');
  });

  test('are not waited for by a stop', async () => {
    const jobs = admission();
    await jobs.admit('a', 'async');
    await jobs.drain();
  });
});

describe('a caller on the line', () => {
  test('is refused when the wait would be too long, and told how long it is too long', async () => {
    let waitMs = 10_000;
    const jobs = admission(undefined, () => waitMs);
    await jobs.admit('a', 'sync');
    waitMs = 17_200;
    await expect(jobs.admit('a', 'sync')).rejects.toMatchObject({
      code: 'overloaded',
      details: { retryAfterS: 8 },
    });
    await jobs.admit('a', 'async');
  });

  test('is refused early by the same rules, without a place being taken', async () => {
    const jobs = admission();
    jobs.precheck('a', 'sync');
    jobs.precheck('a', 'sync');
    await jobs.admit('a', 'sync');
    await jobs.admit('a', 'sync');
    expect(() => jobs.precheck('a', 'sync')).toThrow(
      expect.objectContaining({ code: 'too_many_concurrent_requests' }),
    );
    jobs.precheck('b', 'sync');
  });
});

test('leaving twice leaves once', async () => {
  const jobs = admission();
  const leave = await jobs.admit('a', 'sync');
  await jobs.admit('a', 'sync');
  leave();
  leave();
  await jobs.admit('a', 'sync');
  expect(await refusal(jobs.admit('a', 'sync'))).toBe('too_many_concurrent_requests');
});

describe('draining', () => {
  test('refuses new jobs and waits for the last one', async () => {
    const jobs = admission();
    const leaves = [await jobs.admit('a', 'sync'), await jobs.admit('b', 'sync')];
    let isIdle = false;
    const drained = jobs.drain().then(() => {
      isIdle = true;
    });
    expect(jobs.isDraining).toBe(true);
    expect(await refusal(jobs.admit('a', 'sync'))).toBe('shutting_down');
    leaves[0]?.();
    await new Promise((resolve) => setImmediate(resolve));
    expect(isIdle).toBe(false);
    leaves[1]?.();
    await drained;
  });

  test('ends at once when nothing runs', async () => {
    await admission().drain();
  });
});
