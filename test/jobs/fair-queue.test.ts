import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  FairQueue,
  JOB_PRIORITIES,
  type JobPriority,
  OUT_OF_TURN_EVERY,
} from '../../src/jobs/fair-queue.ts';

/** Waits named jobs in and notes the order in which they get their slot. */
function watched(slots: number) {
  const queue = new FairQueue(slots);
  const started: string[] = [];
  const releases = new Map<string, () => void>();
  const wait = (name: string, signal = new AbortController().signal) => {
    const [accountId = '', , priority = 'interactive'] = name.split('-');
    return queue
      .acquire({ accountId, jobId: name, priority: priority as JobPriority }, signal)
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

test('a job whose signal has fired is dropped at the instant of its turn, and the next one starts', async () => {
  const { queue, started, releases, wait } = watched(1);
  const leaving = new AbortController();
  void wait('a-1');
  await settled();
  // The first listener runs before the queue's own, when the signal has fired already.
  leaving.signal.addEventListener('abort', () => releases.get('a-1')?.());
  const late = wait('b-1', leaving.signal);
  void wait('c-1');
  leaving.abort(new Error('too late'));
  await expect(late).rejects.toThrow('too late');
  await settled();
  expect(started).toEqual(['a-1', 'c-1']);
  expect(queue.waitingCount).toBe(0);
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

describe('classes', () => {
  test('go before each other, whoever came first', async () => {
    const { started, wait, end } = watched(1);
    const names = ['x-1', 'a-1-batch', 'a-2-async', 'b-1-batch', 'a-3', 'b-2'];
    for (const name of names) void wait(name);
    await settled();
    const order = ['x-1', 'a-3', 'b-2', 'a-2-async', 'a-1-batch', 'b-1-batch'];
    for (const name of order) await end(name);
    expect(started).toEqual(order);
  });

  test('below are not starved: every so many slots one of them gets one', async () => {
    const { started, wait, end } = watched(1);
    void wait('x-0');
    void wait('z-1-batch');
    for (let i = 1; i < OUT_OF_TURN_EVERY + 5; i += 1) void wait(`a-${i}`);
    await settled();
    for (let i = 0; i < OUT_OF_TURN_EVERY; i += 1) await end(started.at(-1) ?? '');
    expect(started.indexOf('z-1-batch')).toBe(OUT_OF_TURN_EVERY);
  });
});

test('no class is starved by those above and below it that never run dry', async () => {
  const { started, wait, end } = watched(1);
  void wait('x-0');
  const rounds = 10 * OUT_OF_TURN_EVERY;
  for (let i = 1; i <= rounds; i += 1) for (const one of JOB_PRIORITIES) void wait(`a-${i}-${one}`);
  await settled();
  for (let i = 0; i < rounds; i += 1) await end(started.at(-1) ?? '');
  const shares = JOB_PRIORITIES.map((one) => started.filter((name) => name.endsWith(one)).length);
  expect(shares).toEqual([rounds - 10, 5, 5]);
});

test('no account gets two slots before every other that waits got one', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 2, maxLength: 8 }),
      fc.constantFrom(...JOB_PRIORITIES),
      async (jobsOf, priority) => {
        const { started, wait, end } = watched(1);
        void wait('x-0');
        for (const [account, count] of jobsOf.entries()) {
          for (let i = 0; i < count; i += 1) void wait(`${account}-${i}-${priority}`);
        }
        await settled();
        const total = jobsOf.reduce((sum, count) => sum + count, 0);
        const left = [...jobsOf];
        let round = new Set<number>();
        for (let i = 0; i < total; i += 1) {
          await end(started.at(-1) ?? '');
          const account = Number.parseInt(started.at(-1) ?? '', 10);
          if (round.has(account)) {
            expect(left.filter((count, one) => count > 0 && !round.has(one))).toEqual([]);
            round = new Set();
          }
          round.add(account);
          left[account] = (left[account] ?? 0) - 1;
        }
        expect(left.every((count) => count === 0)).toBe(true);
      },
    ),
    { numRuns: 40 },
  );
});

const anyJob = fc.record({
  account: fc.constantFrom('a', 'b', 'c', 'd'),
  priority: fc.constantFrom(...JOB_PRIORITIES),
});

test('places are the order in which jobs of one class start', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 30 }),
      async (accounts) => {
        const { queue, started, wait, end } = watched(1);
        void wait('x-0');
        const names = accounts.map((account, i) => `${account}-${i}`);
        for (const name of names) void wait(name);
        await settled();
        const places = names.map((name) => queue.placeOf(name));
        for (let i = 0; i <= names.length; i += 1) await end(started.at(-1) ?? '');
        expect(names.map((name) => started.indexOf(name) - 1)).toEqual(places);
        expect(queue.placeOf(names[0] ?? '')).toBeUndefined();
      },
    ),
    { numRuns: 50 },
  );
});

test('nobody is lost and no more run than there are slots, whatever leaves and ends', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(anyJob, fc.boolean()), { maxLength: 40 }),
      fc.integer({ min: 1, max: 4 }),
      async (jobs, slots) => {
        const { queue, started, wait, end } = watched(slots);
        const leaving = new AbortController();
        const names = jobs.map(([{ account, priority }], i) => `${account}-${i}-${priority}`);
        const left = new Set<string>();
        for (const [i, [, leaves]] of jobs.entries()) {
          const name = names[i] ?? '';
          const signal = AbortSignal.any(leaves ? [leaving.signal] : []);
          wait(name, signal).catch(() => left.add(name));
        }
        await settled();
        expect(started.length).toBe(Math.min(slots, jobs.length));
        leaving.abort(new Error('gone'));
        await settled();
        for (let done = 0; done < started.length; done += 1) await end(started[done] ?? '');
        expect(new Set([...started, ...left])).toEqual(new Set(names));
        expect(started.length + left.size).toBe(names.length);
        expect(queue.waitingCount).toBe(0);
      },
    ),
    { numRuns: 60 },
  );
});

test('a slot that was waited for leaves no listener on the signal of its job', async () => {
  const queue = new FairQueue(1);
  const signals = [1, 2, 3].map(() => new AbortController().signal);
  for (const [i, signal] of signals.entries()) {
    void queue
      .acquire({ accountId: 'a', jobId: String(i), priority: 'async' }, signal)
      .then((release) => release());
  }
  expect(signals.map((signal) => getEventListeners(signal, 'abort').length)).toEqual([0, 1, 1]);
  await settled();
  expect(queue.waitingCount).toBe(0);
  expect(signals.map((signal) => getEventListeners(signal, 'abort').length)).toEqual([0, 0, 0]);
});

test('ten thousand waiters come and go in an instant, and leave no listener behind', async () => {
  const queue = new FairQueue(1);
  const gone = new AbortController();
  await queue.acquire({ accountId: 'x', jobId: 'x', priority: 'interactive' }, gone.signal);
  // One of its own for each, as jobs have: listeners of one signal that add up would be a leak.
  const signals = Array.from({ length: 10_000 }, () => AbortSignal.any([gone.signal]));
  const waits = signals.map((signal, i) =>
    queue
      .acquire({ accountId: `a${i % 3}`, jobId: String(i), priority: 'batch' }, signal)
      .catch(() => undefined),
  );
  expect(queue.placeOf('9999')).toBe(9999);
  gone.abort();
  await Promise.all(waits);
  expect(queue.waitingCount).toBe(0);
  expect(signals.flatMap((signal) => getEventListeners(signal, 'abort'))).toEqual([]);
});
