import { describe, expect, test } from 'vitest';
import { ApiError } from '../../src/errors.ts';
import { Admission } from '../../src/jobs/admission.ts';

const LIMITS = { maxJobs: 3, maxJobsPerAccount: 2, minFreeBytes: 1000 };

const admission = (freeBytes: () => Promise<number> = async () => 1000) =>
  new Admission(LIMITS, freeBytes);

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
    const leave = await jobs.admit('a');
    await jobs.admit('a');
    expect(await refusal(jobs.admit('a'))).toBe('too_many_concurrent_requests');
    await jobs.admit('b');
    leave();
    await jobs.admit('a');
  });

  test('a fourth job where three may be', async () => {
    const jobs = admission();
    const leave = await jobs.admit('a');
    await jobs.admit('b');
    await jobs.admit('c');
    expect(await refusal(jobs.admit('d'))).toBe('overloaded');
    leave();
    await jobs.admit('d');
  });

  test('every job without disk room, and holds no place for it', async () => {
    const room = { bytes: 999 };
    const jobs = admission(async () => room.bytes);
    for (const account of ['a', 'a', 'a', 'b']) {
      expect(await refusal(jobs.admit(account))).toBe('storage_full');
    }
    room.bytes = 1000;
    await jobs.admit('a');
    await jobs.admit('a');
  });

  test('and gives the place back when the disk cannot be asked', async () => {
    const jobs = admission(() => Promise.reject(new Error('EIO')));
    await expect(jobs.admit('a')).rejects.toThrow('EIO');
    await jobs.drain();
  });
});

test('leaving twice leaves once', async () => {
  const jobs = admission();
  const leave = await jobs.admit('a');
  await jobs.admit('a');
  leave();
  leave();
  await jobs.admit('a');
  expect(await refusal(jobs.admit('a'))).toBe('too_many_concurrent_requests');
});

describe('draining', () => {
  test('refuses new jobs and waits for the last one', async () => {
    const jobs = admission();
    const leaves = [await jobs.admit('a'), await jobs.admit('b')];
    let isIdle = false;
    const drained = jobs.drain().then(() => {
      isIdle = true;
    });
    expect(jobs.isDraining).toBe(true);
    expect(await refusal(jobs.admit('a'))).toBe('shutting_down');
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
