import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { auditBooks } from '../../src/accounts/audit.ts';
import { ApiError, internalError, invalidImage, unreachableImageUrl } from '../../src/errors.ts';
import { idempotencyToken } from '../../src/jobs/idempotency.ts';
import { CREDITS, jobsFixture, PIXELS, REQUEST, writeResult } from './fixture.ts';

const never = new AbortController().signal;
const token = (key: string, body: unknown = REQUEST) =>
  idempotencyToken(key, 'remove-background', body);

type Fixture = ReturnType<typeof jobsFixture>;

/** What a call ends with: its result or the code of its refusal. */
async function outcome(fixture: Fixture, options = {}) {
  try {
    return await fixture.service.run(REQUEST, fixture.payer, { signal: never, ...options });
  } catch (error) {
    if (error instanceof ApiError) return error.code;
    throw error;
  }
}

function expectNothingCharged(fixture: Fixture, code: string): void {
  expect(fixture.states()).toEqual([{ state: 'voided', code }]);
  expect(fixture.balance()).toBe(CREDITS);
  expect(fixture.files()).toEqual([]);
  expect(auditBooks(fixture.database)).toEqual([]);
}

test('a delivered job is charged once, settled, and its file lies on the CDN', async () => {
  const fixture = jobsFixture();
  const { service, payer, results } = fixture;
  const { result, isReplay } = await service.run(REQUEST, payer, { signal: never });
  expect(isReplay).toBe(false);
  expect(result).toMatchObject({
    id: expect.stringMatching(/^bg_[a-z0-9]{26}$/),
    images: [{ url: `https://cdn.example/nobg/${result.id.slice(3)}.png` }],
    creditsUsed: 1,
    source: { widthPx: 64, heightPx: 48 },
  });
  expect(readFileSync(results.pathOf(`nobg/${result.id.slice(3)}.png`))).toEqual(PIXELS);
  expect(fixture.states()).toEqual([{ state: 'settled', code: null }]);
  expect(fixture.files()).toHaveLength(1);
  expect(fixture.balance()).toBe(CREDITS - 1);
  expect(auditBooks(fixture.database)).toEqual([]);
});

describe('nothing is charged and nothing left behind when', () => {
  test('the source cannot be fetched', async () => {
    const fixture = jobsFixture();
    fixture.world.fetch = () => Promise.reject(unreachableImageUrl(new Error('no route')));
    expect(await outcome(fixture)).toBe('invalid_image_url');
    expectNothingCharged(fixture, 'invalid_image_url');
  });

  test('the engine fails after it has written its file', async () => {
    const fixture = jobsFixture();
    fixture.world.engine = async (task) => {
      await writeResult(task);
      throw internalError(new Error('the process ended'));
    };
    expect(await outcome(fixture)).toBe('internal_error');
    expectNothingCharged(fixture, 'internal_error');
  });

  test('the picture is bad', async () => {
    const fixture = jobsFixture();
    fixture.world.engine = () => Promise.reject(invalidImage('The picture is damaged.'));
    expect(await outcome(fixture)).toBe('invalid_image');
    expectNothingCharged(fixture, 'invalid_image');
  });

  test('the engine answers without a file', async () => {
    const fixture = jobsFixture();
    fixture.world.engine = async () => ({ files: [], timingsMs: {} });
    expect(await outcome(fixture)).toBe('internal_error');
    expectNothingCharged(fixture, 'internal_error');
  });

  test('the file that the engine names is not there', async () => {
    const fixture = jobsFixture();
    fixture.world.engine = async (task) => {
      const made = await writeResult(task);
      return { ...made, files: made.files.map((file) => ({ ...file, path: `${file.path}.gone` })) };
    };
    expect(await outcome(fixture)).toBe('internal_error');
    expectNothingCharged(fixture, 'internal_error');
  });

  test('the result is stored but cannot be settled', async () => {
    const fixture = jobsFixture();
    fixture.database
      .prepare(
        `CREATE TEMP TRIGGER no_settle BEFORE INSERT ON job_outcomes WHEN NEW.outcome = 'settled'
          BEGIN SELECT RAISE(ABORT, 'disk full'); END`,
      )
      .run();
    expect(await outcome(fixture)).toBe('internal_error');
    expectNothingCharged(fixture, 'internal_error');
  });

  test('the caller leaves while the engine runs', async () => {
    const fixture = jobsFixture();
    const caller = new AbortController();
    fixture.world.engine = async (task, { signal }) => {
      await writeResult(task);
      caller.abort(new Error('the caller left'));
      signal.throwIfAborted();
      return await writeResult(task);
    };
    expect(await outcome(fixture, { signal: caller.signal })).toBe('internal_error');
    expectNothingCharged(fixture, 'cancelled');
  });

  test('the caller leaves when the engine is done but nothing is stored', async () => {
    const fixture = jobsFixture();
    const caller = new AbortController();
    const { engine } = fixture.world;
    fixture.world.engine = async (task, options) => {
      const made = await engine(task, options);
      caller.abort(new Error('the caller left'));
      return made;
    };
    expect(await outcome(fixture, { signal: caller.signal })).toBe('internal_error');
    expect(fixture.states()).toEqual([{ state: 'voided', code: 'cancelled' }]);
    expect(fixture.balance()).toBe(CREDITS);
    expect(fixture.files()).toEqual([]);
  });

  test('the server stops for good while the job runs', async () => {
    const fixture = jobsFixture();
    fixture.world.engine = (_task, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
      });
    const running = outcome(fixture);
    await expect
      .poll(() => fixture.states().map(({ state }) => state), { timeout: 10_000 })
      .toEqual(['running']);
    fixture.service.abortAll();
    expect(await running).toBe('shutting_down');
    expect(fixture.states()).toEqual([{ state: 'voided', code: 'shutting_down' }]);
    expect(fixture.balance()).toBe(CREDITS);
  });

  test('the caller leaves while the job waits for a slot', async () => {
    const fixture = jobsFixture();
    const caller = new AbortController();
    const blockers = new AbortController();
    fixture.world.engine = (_task, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(internalError(signal.reason)));
      });
    const states = () => fixture.states().map(({ state }) => state);
    const blocking = [1, 2].map(() => outcome(fixture, { signal: blockers.signal }));
    await expect.poll(states, { timeout: 10_000 }).toEqual(['running', 'running']);
    const waiting = outcome(fixture, { signal: caller.signal });
    await expect.poll(states, { timeout: 10_000 }).toEqual(['running', 'running', 'queued']);
    caller.abort(new Error('the caller left'));
    expect(await waiting).toBe('internal_error');
    expect(fixture.states()[2]).toEqual({ state: 'voided', code: 'cancelled' });
    blockers.abort(new Error('enough'));
    await Promise.all(blocking);
    expect(fixture.balance()).toBe(CREDITS);
    expect(fixture.files()).toEqual([]);
  });
});

test('a job that cannot be voided is logged and stays for the next start', async () => {
  const fixture = jobsFixture();
  fixture.world.engine = () => {
    fixture.database
      .prepare(
        `CREATE TEMP TRIGGER no_outcome BEFORE INSERT ON job_outcomes
          BEGIN SELECT RAISE(ABORT, 'disk full'); END`,
      )
      .run();
    return Promise.reject(internalError(new Error('failed')));
  };
  expect(await outcome(fixture)).toBe('internal_error');
  expect(fixture.logged).toEqual(['job-not-voided']);
  expect(fixture.states()).toEqual([{ state: 'running', code: null }]);
});

/** Lets the engine fail when the next outcome cannot be written: for want of room, or for good. */
function failWithoutOutcome(fixture: ReturnType<typeof jobsFixture>, trigger: string) {
  const { database, world } = fixture;
  database.prepare('CREATE TABLE filler (bytes BLOB)').run();
  world.engine = () => {
    database.pragma(`max_page_count = ${database.pragma('page_count')}`);
    const sql = `CREATE TEMP TRIGGER no_outcome BEFORE INSERT ON job_outcomes BEGIN ${trigger}; END`;
    database.prepare(sql).run();
    return Promise.reject(internalError(new Error('failed')));
  };
  world.makeRoom = () => {
    database.pragma('max_page_count = 1000000');
    return true;
  };
}

test('room that is made on a full disk lets a failed job give its credits back', async () => {
  const fixture = jobsFixture();
  failWithoutOutcome(fixture, 'INSERT INTO filler VALUES (zeroblob(100000))');
  expect(await outcome(fixture)).toBe('internal_error');
  expect(fixture.logged).toEqual(['ballast-released']);
  expect(fixture.states()).toEqual([{ state: 'voided', code: 'internal_error' }]);
  expect(fixture.balance()).toBe(CREDITS);
});

/** Lets the engine make a result that the books have no room for. */
function makeWithoutRoom(fixture: ReturnType<typeof jobsFixture>) {
  const { database, world } = fixture;
  database.prepare('CREATE TABLE filler (bytes BLOB)').run();
  world.engine = (task) => {
    database.pragma(`max_page_count = ${database.pragma('page_count')}`);
    const sql = `CREATE TEMP TRIGGER no_result BEFORE INSERT ON results
      BEGIN INSERT INTO filler VALUES (zeroblob(100000)); END`;
    database.prepare(sql).run();
    return writeResult(task);
  };
}

test('room that is made on a full disk lets a finished result be published and paid for', async () => {
  const fixture = jobsFixture();
  makeWithoutRoom(fixture);
  let made = 0;
  fixture.world.makeRoom = () => {
    made += 1;
    fixture.database.pragma('max_page_count = 1000000');
    return true;
  };
  expect(await outcome(fixture)).toMatchObject({ isReplay: false });
  expect(made).toBe(1);
  expect(fixture.logged).toEqual(['ballast-released']);
  expect(fixture.states()).toEqual([{ state: 'settled', code: null }]);
  expect(fixture.balance()).toBe(CREDITS - 1);
  expect(fixture.files()).toHaveLength(1);
});

test('a result that no room can be made for is told storage_full and costs nothing', async () => {
  const fixture = jobsFixture();
  makeWithoutRoom(fixture);
  expect(await outcome(fixture)).toBe('storage_full');
  expectNothingCharged(fixture, 'storage_full');
});

test('room is kept when a write fails for another cause', async () => {
  const fixture = jobsFixture();
  failWithoutOutcome(fixture, "SELECT RAISE(ABORT, 'no')");
  expect(await outcome(fixture)).toBe('internal_error');
  expect(fixture.logged).toEqual(['job-not-voided']);
});

test('a balance that is used up refuses before anything is fetched', async () => {
  const fixture = jobsFixture();
  const fetched: string[] = [];
  fixture.world.fetch = async (path) => {
    fetched.push(path);
    await writeFile(path, 'source');
  };
  for (let i = 0; i < CREDITS; i += 1) await outcome(fixture);
  expect(fixture.balance()).toBe(0);
  expect(await outcome(fixture)).toBe('insufficient_credits');
  expect(fetched).toHaveLength(CREDITS);
});

describe('an idempotency key', () => {
  test('gives the same result again without a charge', async () => {
    const fixture = jobsFixture();
    const first = await outcome(fixture, { idempotency: token('k') });
    const again = await outcome(fixture, { idempotency: token('k') });
    expect(first).toMatchObject({ isReplay: false });
    expect(again).toEqual({ ...Object(first), isReplay: true });
    expect(fixture.balance()).toBe(CREDITS - 1);
  });

  test('with another body is a conflict', async () => {
    const fixture = jobsFixture();
    await outcome(fixture, { idempotency: token('k') });
    expect(await outcome(fixture, { idempotency: token('k', 'other') })).toBe(
      'idempotency_conflict',
    );
    expect(fixture.balance()).toBe(CREDITS - 1);
  });

  test('whose job failed may be used again, with any body', async () => {
    const fixture = jobsFixture();
    fixture.world.engine = () => Promise.reject(internalError(new Error('failed')));
    expect(await outcome(fixture, { idempotency: token('k') })).toBe('internal_error');
    fixture.world.engine = writeResult;
    expect(await outcome(fixture, { idempotency: token('k', 'other') })).toMatchObject({
      isReplay: false,
    });
    expect(fixture.balance()).toBe(CREDITS - 1);
  });

  test('is forgotten after a day', async () => {
    const fixture = jobsFixture();
    await outcome(fixture, { idempotency: token('k') });
    fixture.clock.nowMs += 24 * 3_600_000 + 1;
    expect(await outcome(fixture, { idempotency: token('k', 'other') })).toMatchObject({
      isReplay: false,
    });
    expect(fixture.balance()).toBe(CREDITS - 2);
  });

  test("is an account's own", async () => {
    const fixture = jobsFixture();
    const other = fixture.newPayer();
    await outcome(fixture, { idempotency: token('k') });
    const options = { signal: never, idempotency: token('k', 'other') };
    const { isReplay } = await fixture.service.run(REQUEST, other, options);
    expect(isReplay).toBe(false);
  });

  test('in 50 calls at once is charged once; the others are told to wait', async () => {
    const fixture = jobsFixture();
    fixture.world.engine = async (task) => {
      await sleep(20);
      return await writeResult(task);
    };
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => outcome(fixture, { idempotency: token('k') })),
    );
    expect(answers.filter((answer) => answer === 'idempotency_in_progress')).toHaveLength(49);
    expect(fixture.states()).toEqual([{ state: 'settled', code: null }]);
    expect(fixture.balance()).toBe(CREDITS - 1);
    expect(await outcome(fixture, { idempotency: token('k') })).toMatchObject({ isReplay: true });
  });
});
