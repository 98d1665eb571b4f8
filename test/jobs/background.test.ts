import { readFile, writeFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { auditBooks } from '../../src/accounts/audit.ts';
import { internalError, invalidImage, noEngine } from '../../src/errors.ts';
import { recoverJobs } from '../../src/jobs/recovery.ts';
import { CREDITS, jobsFixture, REQUEST, writeResult } from './fixture.ts';

type Fixture = ReturnType<typeof jobsFixture>;

/** An engine that runs until the test lets it, or the signal fires. */
function heldEngine(fixture: Fixture) {
  let open = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  fixture.world.engine = async (task, { signal, onProgress }) => {
    onProgress?.(0.5);
    await Promise.race([
      gate,
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      }),
    ]);
    return writeResult(task);
  };
  return () => open();
}

const submit = async (fixture: Fixture, count = 1) => {
  const requests = Array.from({ length: count }, () => REQUEST);
  return (await fixture.service.submit(requests, fixture.payer)).jobIds;
};
/** Two jobs that hold both slots, and one that waits behind them. */
async function submitOneBehindTwo(fixture: Fixture) {
  const ids = [...(await submit(fixture, 2))];
  for (const id of ids) await whenState(fixture, id, 'running');
  const [last = ''] = await submit(fixture);
  await expect.poll(() => fixture.states()[2]?.state).toBe('queued');
  return [...ids, last];
}
const stateOf = (fixture: Fixture, id: string) =>
  fixture.book.view(fixture.payer.accountId, id).state;
const whenState = (fixture: Fixture, id: string, state: string) =>
  expect.poll(() => stateOf(fixture, id), { timeout: 10_000 }).toBe(state);

describe('while no engine is there', () => {
  const absentFor = (fixture: Fixture, calls: number) => {
    let left = calls;
    fixture.world.engine = async (task) => {
      left -= 1;
      if (left >= 0) throw noEngine(30);
      return writeResult(task);
    };
  };

  test('a job in the background queues again until there is one', async () => {
    const fixture = jobsFixture();
    absentFor(fixture, 2);
    const [id = ''] = await submit(fixture);
    await whenState(fixture, id, 'completed');
    const run = ['queued', 'running'];
    const states = ['reserved', ...run, ...run, ...run, 'published', 'settled'];
    expect(fixture.changes.map(({ state }) => state)).toEqual(states);
    expect(fixture.balance()).toBe(CREDITS - 1);
    await expect.poll(fixture.files).toHaveLength(1); // the result; the source is gone
  });

  test('a caller on the line is told to come again, for nothing', async () => {
    const fixture = jobsFixture();
    absentFor(fixture, 1);
    const signal = new AbortController().signal;
    await expect(fixture.service.run(REQUEST, fixture.payer, { signal })).rejects.toMatchObject({
      code: 'overloaded',
      details: { retryAfterS: 30 },
    });
    expect(fixture.states()).toEqual([{ state: 'voided', code: 'overloaded' }]);
    expect(fixture.balance()).toBe(CREDITS);
  });

  test('a job in the background can be cancelled between two tries', async () => {
    const fixture = jobsFixture();
    fixture.world.engine = async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      throw noEngine(30);
    };
    const [id = ''] = await submit(fixture);
    await whenState(fixture, id, 'running');
    await fixture.service.cancel(id);
    expect(stateOf(fixture, id)).toBe('cancelled');
    expect(fixture.balance()).toBe(CREDITS);
    await expect.poll(fixture.files).toEqual([]);
  });
});

describe('a submitted job', () => {
  test('is answered before it runs, and settled with its result', async () => {
    const fixture = jobsFixture();
    const release = heldEngine(fixture);
    const [id = ''] = await submit(fixture);
    expect(fixture.balance()).toBe(CREDITS - 1);
    await whenState(fixture, id, 'running');
    const running = fixture.book.view(fixture.payer.accountId, id);
    expect(running).toMatchObject({ progress: 0.5, result: null, finishedAtMs: null });
    release();
    await whenState(fixture, id, 'completed');
    const view = fixture.book.view(fixture.payer.accountId, id);
    expect(view).toMatchObject({ progress: 1, error: null, result: { id, creditsUsed: 1 } });
    expect(fixture.balance()).toBe(CREDITS - 1);
  });

  test('tells its observers and its events every step', async () => {
    const fixture = jobsFixture();
    const [id = ''] = await submit(fixture);
    await whenState(fixture, id, 'completed');
    const steps = ['reserved', 'queued', 'running', 'published', 'settled'];
    expect(fixture.changes.map(({ state }) => state)).toEqual(steps);
    expect(fixture.changes.every(({ isAsync, jobId }) => isAsync && jobId === id)).toBe(true);
    const events = fixture.book.eventsAfter(id, 0);
    expect(events.map(({ seq, state }) => `${seq} ${state}`)).toEqual(
      steps.map((state, i) => `${i + 1} ${state}`),
    );
    expect(fixture.book.eventsAfter(id, 3)).toHaveLength(2);
  });

  test('that fails says why, costs nothing, and leaves no file', async () => {
    const fixture = jobsFixture();
    fixture.world.engine = () => Promise.reject(invalidImage('The picture is damaged.'));
    const [id = ''] = await submit(fixture);
    await whenState(fixture, id, 'failed');
    expect(fixture.book.view(fixture.payer.accountId, id).error).toEqual({
      code: 'invalid_image',
      message: 'The picture is damaged.',
    });
    await expect.poll(fixture.files).toEqual([]);
    expect(fixture.balance()).toBe(CREDITS);
  });

  test('shows nothing of the inside when it fails by our fault', async () => {
    const fixture = jobsFixture();
    fixture.world.engine = () => Promise.reject(internalError(new Error('secret path')));
    const [id = ''] = await submit(fixture);
    await whenState(fixture, id, 'failed');
    const { error } = fixture.book.view(fixture.payer.accountId, id);
    expect(error?.code).toBe('internal_error');
    expect(error?.message).not.toContain('secret');
  });

  test('is reserved with all others of its call or not at all', async () => {
    const fixture = jobsFixture();
    await expect(submit(fixture, CREDITS + 1)).rejects.toMatchObject({
      code: 'insufficient_credits',
      details: { credits: { required: CREDITS + 1, available: CREDITS } },
    });
    expect(fixture.states()).toEqual([]);
    expect(fixture.balance()).toBe(CREDITS);
  });

  test('is made once for an idempotency key, and not for another body', async () => {
    const fixture = jobsFixture();
    const idempotency = { key: 'k', bodySha256: 'a' };
    const first = await fixture.service.submit([REQUEST], fixture.payer, { idempotency });
    const again = await fixture.service.submit([REQUEST], fixture.payer, { idempotency });
    expect(again).toEqual({ jobIds: first.jobIds, isReplay: true });
    await expect(
      fixture.service.submit([REQUEST], fixture.payer, {
        idempotency: { key: 'k', bodySha256: 'b' },
      }),
    ).rejects.toMatchObject({ code: 'idempotency_conflict' });
    expect(fixture.balance()).toBe(CREDITS - 1);
  });
});

describe('a cancelled job', () => {
  test('stops in the engine and gives its credits back', async () => {
    const fixture = jobsFixture();
    heldEngine(fixture);
    const [id = ''] = await submit(fixture);
    await whenState(fixture, id, 'running');
    await fixture.service.cancel(id);
    expect(stateOf(fixture, id)).toBe('cancelled');
    expect(fixture.balance()).toBe(CREDITS);
    expect(fixture.files()).toEqual([]);
  });

  test('leaves the queue and the download', async () => {
    const fixture = jobsFixture();
    heldEngine(fixture);
    const last = (await submitOneBehindTwo(fixture))[2] ?? '';
    await fixture.service.cancel(last);
    expect(stateOf(fixture, last)).toBe('cancelled');
    fixture.world.fetch = (_path, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
      });
    const [fetching = ''] = await submit(fixture);
    await fixture.service.cancel(fetching);
    expect(stateOf(fixture, fetching)).toBe('cancelled');
    expect(fixture.balance()).toBe(CREDITS - 2);
  });

  test('that has ended already stays as it is', async () => {
    const fixture = jobsFixture();
    const [id = ''] = await submit(fixture);
    await whenState(fixture, id, 'completed');
    await fixture.service.cancel(id);
    expect(stateOf(fixture, id)).toBe('completed');
    expect(fixture.balance()).toBe(CREDITS - 1);
  });
});

describe('a stop', () => {
  test('leaves what waits to the next start, which delivers it from the staged source', async () => {
    const fixture = jobsFixture();
    const release = heldEngine(fixture);
    const ids = await submitOneBehindTwo(fixture);
    const last = ids[2] ?? '';
    const drained = fixture.service.drain();
    release();
    await drained;
    expect(ids.map((id) => stateOf(fixture, id))).toEqual(['completed', 'completed', 'queued']);

    fixture.world.fetch = () => Promise.reject(new Error('the source is gone by now'));
    const { resumable, voided } = await recoverJobs(fixture);
    expect(voided).toBe(0);
    expect(resumable.map(({ id }) => id)).toEqual([last]);
    const next = fixture.newService();
    for (const job of resumable) next.resume(job);
    await whenState(fixture, last, 'completed');
    expect(fixture.balance()).toBe(CREDITS - 3);
    expect(auditBooks(fixture.database)).toEqual([]);
  });

  test('at its deadline leaves what runs as well', async () => {
    const fixture = jobsFixture();
    heldEngine(fixture);
    const [id = ''] = await submit(fixture);
    await whenState(fixture, id, 'running');
    const drained = fixture.service.drain();
    fixture.service.abortAll();
    await drained;
    expect(fixture.states()).toEqual([{ state: 'queued', code: null }]);
    fixture.world.engine = writeResult;
    const { resumable } = await recoverJobs(fixture);
    for (const job of resumable) fixture.newService().resume(job);
    await whenState(fixture, id, 'completed');
  });
});

describe('a kill', () => {
  /** A job as a kill leaves it; nothing carries it. */
  function leaveRunning(fixture: Fixture, starts: number) {
    const { id } = fixture.reserve({ isAsync: true });
    for (let i = 0; i < starts; i += 1) {
      fixture.ledger.advance(id, 'queued');
      fixture.ledger.advance(id, 'running');
    }
    return id;
  }

  test('while it ran costs a job one more run, and no second one', async () => {
    const fixture = jobsFixture();
    const once = leaveRunning(fixture, 1);
    const twice = leaveRunning(fixture, 2);
    const { resumable, voided } = await recoverJobs(fixture);
    expect(resumable.map(({ id }) => id)).toEqual([once]);
    expect(voided).toBe(1);
    expect(stateOf(fixture, twice)).toBe('failed');
    for (const job of resumable) fixture.service.resume(job);
    await whenState(fixture, once, 'completed');
    expect(fixture.balance()).toBe(CREDITS - 1);
  });

  test('while the source came has it fetched anew', async () => {
    const fixture = jobsFixture();
    const { id, random } = fixture.reserve({ isAsync: true });
    await writeFile(fixture.results.sourcePathOf(random), 'half');
    let fetches = 0;
    fixture.world.fetch = async (path) => {
      fetches += 1;
      await writeFile(path, 'whole', { flag: 'wx' });
    };
    const { resumable } = await recoverJobs(fixture);
    for (const job of resumable) fixture.service.resume(job);
    await whenState(fixture, id, 'completed');
    expect(fetches).toBe(1);
  });
});

test('both pictures of a cutout on another one outlive a stop, and neither outlives the job', async () => {
  const fixture = jobsFixture();
  const background = { imageUrl: 'https://pictures.example/table.jpg' };
  const request = { ...REQUEST, options: { ...REQUEST.options, background } };
  const fetched: string[] = [];
  fixture.world.fetch = async (path) => {
    fetched.push(extname(path));
    await writeFile(path, 'picture');
  };
  const seen: (string | undefined)[] = [];
  const open = heldEngine(fixture);
  await submit(fixture, 2); // both slots
  await fixture.service.submit([request], fixture.payer);
  await expect.poll(() => fetched).toEqual(['.source', '.source', '.source', '.background']);
  await expect.poll(() => fixture.states()[2]?.state).toBe('queued');
  const drained = fixture.service.drain(); // what waits is left to the next start
  open();
  await drained;

  fixture.world.engine = async (task) => {
    seen.push(task.backgroundPath, await readFile(task.backgroundPath ?? '', 'utf8'));
    return writeResult(task);
  };
  const next = fixture.newService();
  const { resumable } = await recoverJobs(fixture);
  for (const job of resumable) next.resume(job);
  await expect.poll(() => fixture.states()[2]?.state).toBe('settled');
  expect(seen).toEqual([expect.stringMatching(/\.background$/), 'picture']);
  expect(fetched).toHaveLength(4);
  await expect.poll(fixture.files).toHaveLength(3); // the results
});

test('a finished job is kept as long as its result, then it is gone', async () => {
  const fixture = jobsFixture({ retentionMs: 1000 });
  const [id = ''] = await submit(fixture);
  await whenState(fixture, id, 'completed');
  fixture.clock.nowMs += 1001;
  expect(() => fixture.book.view(fixture.payer.accountId, id)).toThrow(
    expect.objectContaining({ code: 'gone' }),
  );
});

test("another account's job is not found", async () => {
  const fixture = jobsFixture();
  const [id = ''] = await submit(fixture);
  const stranger = fixture.newPayer();
  expect(() => fixture.book.view(stranger.accountId, id)).toThrow(
    expect.objectContaining({ code: 'not_found' }),
  );
  expect(fixture.book.list({ accountId: stranger.accountId, limit: 10 })).toEqual([]);
});
