/** Runs that nothing but the end of their process ends, and processes that die again and again. */
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { EngineProcess } from '../../src/engine/engine-process.ts';
import type { EngineStart, EngineTask } from '../../src/engine/protocol.ts';
import { TaskFailure, type TaskOptions } from '../../src/engine/task.ts';
import { type TestBench, testBench, until } from './test-packs.ts';

const GRACE_MS = 200;
const never = new AbortController().signal;

let bench: TestBench;
beforeAll(async () => {
  bench = await testBench();
});
afterAll(() => bench.clean());

async function started(workers: number, change: Partial<EngineStart> = {}) {
  const logged: string[] = [];
  const engine = new EngineProcess({
    start: { ...bench.start(workers), ...change },
    log: (event) => void logged.push(event),
    cancelGraceMs: GRACE_MS,
  });
  onTestFinished(() => engine.stop(0));
  await engine.start();
  return { engine, logged };
}

/** The result of a task, or its failure as text. */
const outcome = (engine: EngineProcess, task: EngineTask, options: Partial<TaskOptions> = {}) =>
  engine
    .run(task, { signal: never, deadlineMs: 60_000, ...options })
    .catch((error: unknown) =>
      error instanceof TaskFailure ? `${error.kind}: ${error.message}` : error,
    );

/** Time for a task to get from its message into its run. */
const begun = () => new Promise((resolve) => setTimeout(resolve, 1000));

const INSPECTED = { source: { widthPx: 192, heightPx: 192 } };
const UPSCALED = { files: [{ widthPx: 384, heightPx: 384 }] };

test('past its deadline a stuck run is killed with its process, and the next task is served', async () => {
  const { engine, logged } = await started(2);
  const neighbour = outcome(engine, bench.task('cutout', 'endless'));
  const stuck = outcome(engine, bench.task('cutout', 'endless'), { deadlineMs: 300 });
  expect(await stuck).toBe('internal: It took longer than 300 ms.');
  expect(await neighbour).toBe('internal: The engine process ended (SIGKILL).');
  expect(logged).toEqual(['engine-deadline', 'engine-killed', 'engine-ended']);
  await until(() => engine.isReady, 20_000);
  expect(await outcome(engine, bench.task('inspect', 'plain'))).toMatchObject(INSPECTED);
});

test('a caller who leaves a stuck run costs no other task its life', async () => {
  const { engine } = await started(2);
  const caller = new AbortController();
  const stuck = outcome(engine, bench.task('cutout', 'endless'), { signal: caller.signal });
  await begun();
  const neighbour = outcome(engine, bench.task('upscale', 'slow'));
  caller.abort();
  const pid = engine.pid;
  // Several times the grace.
  expect(await neighbour).toMatchObject(UPSCALED);
  expect(engine.pid).toBe(pid);
  expect(engine.restarts).toBe(0);
  // Alone at last, it goes.
  expect(await stuck).toBe('internal: The engine process ended (SIGKILL).');
  expect(engine.restarts).toBe(1);
});

test('a caller who leaves while a pack is loaded does not cost the process, its deadline does', async () => {
  // With this mean every picture is brighter than white, so that the inference of the load does not end.
  const packs = bench.packs.map((pack) =>
    pack.id === 'test-cutout' ? { ...pack, inputs: { ...pack.inputs, mean: [-1, -1, -1] } } : pack,
  );
  const { engine } = await started(1, { packs, residency: { preload: ['test-upscale'] } });
  const caller = new AbortController();
  const loading = outcome(engine, bench.task('cutout', 'plain'), {
    signal: caller.signal,
    deadlineMs: 2500,
  });
  await begun();
  caller.abort();
  await new Promise((resolve) => setTimeout(resolve, 4 * GRACE_MS));
  expect(engine.isReady).toBe(true);
  expect(await loading).toMatch(/^internal: It took longer/);
  await until(() => engine.restarts === 1, 5000);
});

test('its own deadline ends a stuck run that was left, whoever is beside it', async () => {
  const { engine } = await started(2);
  const caller = new AbortController();
  const stuck = outcome(engine, bench.task('cutout', 'endless'), {
    signal: caller.signal,
    deadlineMs: 2500,
  });
  const neighbour = outcome(engine, bench.task('cutout', 'endless'));
  await begun();
  caller.abort();
  expect(await stuck).toMatch(/^internal: It took longer/);
  expect(await neighbour).toBe('internal: The engine process ended (SIGKILL).');
});

test('a deadline that a task can keep to is told as such', async () => {
  const { engine } = await started(1);
  const late = outcome(engine, bench.task('upscale', 'slow'), { deadlineMs: 200 });
  expect(await late).toBe('internal: It took longer than 200 ms.');
  expect(engine.restarts).toBe(0);
});

test('a stop waits no longer than it is told to for a stuck run', async () => {
  const { engine } = await started(1);
  const stuck = outcome(engine, bench.task('cutout', 'endless'));
  const startedMs = performance.now();
  await engine.stop(400);
  expect(performance.now() - startedMs).toBeLessThan(3000);
  expect(await stuck).toBe('internal: The engine process ended (SIGKILL).');
  expect(await outcome(engine, bench.task('inspect', 'plain'))).toMatch(/takes no tasks/);
});

test('a stop while the successor starts leaves neither of them', async () => {
  const { engine, logged } = await started(1);
  const first = engine.pid ?? 0;
  process.kill(first, 'SIGKILL');
  await until(() => engine.pid !== first, 5000);
  const second = engine.pid ?? 0;
  await engine.stop(10_000);
  for (const pid of [first, second]) expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
  expect(engine.isReady).toBe(false);
  expect(logged).not.toContain('engine-restart-failed');
});

test('each of six deaths in a row costs the task that ran, and no other', async () => {
  const { engine } = await started(1);
  for (let death = 1; death <= 6; death += 1) {
    const cut = outcome(engine, bench.task('cutout', 'endless'));
    await new Promise((resolve) => setTimeout(resolve, 20 * death));
    process.kill(engine.pid ?? 0, 'SIGKILL');
    expect(await cut).toBe('internal: The engine process ended (SIGKILL).');
    await until(() => engine.isReady, 20_000);
    expect(await outcome(engine, bench.task('inspect', 'plain'))).toMatchObject(INSPECTED);
    expect(engine).toMatchObject({ restarts: death, taskCount: 0 });
  }
}, 90_000);

/** Kills the process and tells the milliseconds until a new one is spawned; idle unless told otherwise. */
async function pauseAfterDeath(engine: EngineProcess, task?: EngineTask): Promise<number> {
  const cut = task === undefined ? undefined : outcome(engine, task);
  const pid = engine.pid ?? 0;
  process.kill(pid, 'SIGKILL');
  const diedMs = performance.now();
  await until(() => engine.pid !== pid, 20_000);
  const pauseMs = performance.now() - diedMs;
  if (cut !== undefined) expect(await cut).toBe('internal: The engine process ended (SIGKILL).');
  await until(() => engine.isReady, 20_000);
  return pauseMs;
}

test('a process that dies before it did anything is replaced ever later; work forgives it', async () => {
  const { engine } = await started(1);
  expect(await pauseAfterDeath(engine)).toBeGreaterThanOrEqual(245);
  expect(await pauseAfterDeath(engine)).toBeGreaterThanOrEqual(495);
  expect(await pauseAfterDeath(engine)).toBeGreaterThanOrEqual(995);
  expect(await outcome(engine, bench.task('inspect', 'plain'))).toMatchObject(INSPECTED);
  expect(await pauseAfterDeath(engine)).toBeLessThan(900);
}, 60_000);

test('tasks that kill their process one after the other make nobody wait longer for the next', async () => {
  const { engine } = await started(1);
  const endless = () => bench.task('cutout', 'endless');
  for (let death = 1; death <= 4; death += 1) {
    expect(await pauseAfterDeath(engine, endless())).toBeLessThan(1900); // 250, not 2,000
  }
  expect(await outcome(engine, bench.task('inspect', 'plain'))).toMatchObject(INSPECTED);
}, 60_000);
