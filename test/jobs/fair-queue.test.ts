import { describe, expect, test } from 'vitest';
import { FairQueue } from '../../src/jobs/fair-queue.ts';

const never = new AbortController().signal;

/** Waits named jobs in and notes the order in which they get their slot. */
function watched(slots: number) {
  const queue = new FairQueue(slots);
  const started: string[] = [];
  const releases = new Map<string, () => void>();
  const wait = (name: string, signal = never) => {
    const [accountId = ''] = name.split('-');
    return queue
      .acquire({ accountId, jobId: 'x', priority: 'interactive' }, signal)
      .then((release) => {
        started.push(name);
        releases.set(name, release);
      });
  };
  const end = async (name: string) => {
    releases.get(name)?.();
    await settled();
  };
  return { queue, started, releases, wait, end };
}

/** Lets everything that is already resolved run. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

test('as many run as there are slots, and the rest wait', async () => {
  const { queue, started, wait, end } = watched(2);
  for (const name of ['a-1', 'a-2', 'a-3']) void wait(name);
  await settled();
  expect(started).toEqual(['a-1', 'a-2']);
  expect(queue.waitingCount).toBe(1);
  await end('a-1');
  expect(started).toEqual(['a-1', 'a-2', 'a-3']);
  expect(queue.waitingCount).toBe(0);
});

test('accounts take turns, whoever brought more', async () => {
  const { started, wait, end } = watched(1);
  for (const name of ['a-1', 'a-2', 'a-3', 'a-4', 'b-1', 'b-2', 'c-1']) void wait(name);
  await settled();
  const order = ['a-1', 'a-2', 'b-1', 'c-1', 'a-3', 'b-2', 'a-4'];
  for (const name of order) {
    expect(started.at(-1)).toBe(name);
    await end(name);
  }
  expect(started).toEqual(order);
});

test('an account that comes back goes to the end', async () => {
  const { started, wait, end } = watched(1);
  for (const name of ['x-1', 'a-1', 'b-1']) void wait(name);
  await settled();
  await end('x-1');
  void wait('a-2');
  await end('a-1');
  expect(started).toEqual(['x-1', 'a-1', 'b-1']);
});

describe('a signal', () => {
  test('takes its job out of the queue, with its reason', async () => {
    const { queue, started, wait, end } = watched(1);
    const leaving = new AbortController();
    void wait('a-1');
    const left = wait('b-1', leaving.signal);
    void wait('c-1');
    leaving.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    expect(queue.waitingCount).toBe(1);
    await end('a-1');
    expect(started).toEqual(['a-1', 'c-1']);
  });

  test('that fired before gets no slot and loses none', async () => {
    const { started, wait } = watched(1);
    await expect(wait('a-1', AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
    await wait('a-2');
    expect(started).toEqual(['a-2']);
  });

  test('that fires after the slot is given changes nothing', async () => {
    const { queue, started, wait, end } = watched(1);
    const late = new AbortController();
    void wait('a-1');
    void wait('b-1', late.signal);
    await settled();
    await end('a-1');
    late.abort();
    expect(queue.waitingCount).toBe(0);
    await end('b-1');
    await wait('c-1');
    expect(started).toEqual(['a-1', 'b-1', 'c-1']);
  });
});

test('a slot that is given back twice is free once', async () => {
  const { started, releases, wait, end } = watched(1);
  await wait('a-1');
  await end('a-1');
  releases.get('a-1')?.();
  void wait('b-1');
  void wait('c-1');
  await settled();
  expect(started).toEqual(['a-1', 'b-1']);
});
