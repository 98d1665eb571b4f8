/** Which process a task goes to, how long it waits for one, and what a process is given. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import type { Engine, EngineOptions } from '../../src/engine/engine-pool.ts';
import type { EngineTask } from '../../src/engine/protocol.ts';
import { ApiError } from '../../src/errors.ts';
import { isAlive, type TestBench, testBench, until } from './test-packs.ts';

const never = new AbortController().signal;

let bench: TestBench;
beforeAll(async () => {
  bench = await testBench();
});
afterAll(() => bench.clean());

async function started(options: Partial<EngineOptions> = {}): Promise<Engine> {
  const engine = bench.engine(options);
  onTestFinished(() => engine.stop(0));
  await engine.start();
  return engine;
}

/** The answer of a task, or the code of its failure. */
const outcome = (engine: Engine, task: EngineTask, deadlineMs = 60_000) =>
  engine
    .run(task, { signal: never, deadlineMs })
    .catch((error: unknown) => (error instanceof ApiError ? error.code : error));

test('two calls at the same moment go to two processes, and a death costs only its own', async () => {
  const engine = await started({ devices: ['cpu', 'cpu'] });
  expect(engine.slots).toBe(2);
  const [first, second] = [0, 1].map(() => outcome(engine, bench.task('upscale', 'slow')));
  await until(() => engine.state.every(({ tasks }) => tasks === 1), 5000);
  process.kill(engine.state[0]!.pid!, 'SIGKILL');
  expect(await first).toBe('internal_error');
  expect(await second).toMatchObject({ files: [{ widthPx: 384 }] });
  expect(engine.state.map(({ restarts }) => restarts)).toEqual([1, 0]);
});

test('while one process is replaced the other takes the tasks', async () => {
  const engine = await started({ devices: ['cpu', 'cpu'] });
  process.kill(engine.state[0]!.pid!, 'SIGKILL');
  await until(() => !engine.state[0]!.isReady, 5000);
  expect(engine.isReady).toBe(false);
  const sourceOf = () => outcome(engine, bench.task('inspect', 'plain'));
  expect(await sourceOf()).toMatchObject({ source: { widthPx: 192 } });
  await until(() => engine.isReady, 20_000);
});

test('a task waits for a busy worker as long as that takes', async () => {
  const engine = await started({ replacementWaitMs: 200 });
  const running = outcome(engine, bench.task('upscale', 'slow'));
  const startedMs = performance.now();
  const waiting = outcome(engine, bench.task('inspect', 'plain'));
  expect(await waiting).toMatchObject({ source: { widthPx: 192 } });
  expect(performance.now() - startedMs).toBeGreaterThan(200);
  expect(await running).toMatchObject({ files: [{ widthPx: 384 }] });
});

test('a task does not wait longer than its own deadline', async () => {
  const engine = await started();
  const caller = new AbortController();
  const running = engine.run(bench.task('cutout', 'endless'), {
    signal: caller.signal,
    deadlineMs: 60_000,
  });
  running.catch(() => undefined);
  expect(await outcome(engine, bench.task('inspect', 'plain'), 300)).toBe('internal_error');
  expect(engine.state[0]!.tasks).toBe(1);
});

test('a task gives up when no process comes back, and one whose caller leaves at once', async () => {
  const engine = await started({ replacementWaitMs: 150 });
  process.kill(engine.state[0]!.pid!, 'SIGKILL');
  await until(() => !engine.isReady, 5000);
  const caller = new AbortController();
  const left = engine.run(bench.task('inspect', 'plain'), {
    signal: caller.signal,
    deadlineMs: 60_000,
  });
  caller.abort(new Error('the caller left'));
  await expect(left).rejects.toThrow('the caller left');
  expect(await outcome(engine, bench.task('inspect', 'plain'))).toBe('overloaded');
});

test('after a stop no task is taken, and a second stop is nothing', async () => {
  const engine = await started();
  await engine.stop(5000);
  const startedMs = performance.now();
  expect(await outcome(engine, bench.task('inspect', 'plain'))).toBe('shutting_down');
  expect(performance.now() - startedMs).toBeLessThan(1000);
  await engine.stop(5000);
});

test('the workers are those asked for, on the CPU else one for each core', async () => {
  expect((await started({ workers: 3 })).slots).toBe(3);
});

test.runIf(process.platform === 'linux')('a process is told no setting of the server', async () => {
  vi.stubEnv('GARNISH_TLS_KEY', '/secret/key.pem');
  vi.stubEnv('HF_TOKEN', 'hf_secret');
  onTestFinished(() => void vi.unstubAllEnvs());
  const engine = await started();
  const environment = readFileSync(`/proc/${engine.state[0]!.pid}/environ`, 'utf8').split('\0');
  expect(environment.filter((line) => /^(GARNISH|HF)_/.test(line))).toEqual([]);
  expect(environment).toContain('MALLOC_TRIM_THRESHOLD_=134217728');
});

test('a killed parent leaves no process behind, not even one in a run', async () => {
  const script = fileURLToPath(new URL('./parent-process.ts', import.meta.url));
  const parent = spawn(process.execPath, ['--import', 'tsx', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const { pid, folder } = JSON.parse(String(line)) as { pid: number; folder: string };
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  expect(isAlive(pid)).toBe(true);
  await new Promise((resolve) => setTimeout(resolve, 300));
  parent.kill('SIGKILL');
  await until(() => !isAlive(pid), 2000);
});
