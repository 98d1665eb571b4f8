/** The engine process alone, spoken to as its parent does. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { FromEngine, ToEngine } from '../../src/engine/protocol.ts';
import { type TestBench, testBench } from '../engine/test-packs.ts';

const ENTRY = fileURLToPath(new URL('../../src/inference/entry.ts', import.meta.url));

let bench: TestBench;
const children: ChildProcess[] = [];

beforeAll(async () => {
  bench = await testBench();
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(() => bench.clean());

/** How a process ended: its code, or the signal. */
type Ending = number | NodeJS.Signals;

function open() {
  const child = fork(ENTRY, {
    serialization: 'advanced',
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  children.push(child);
  const received: FromEngine[] = [];
  child.on('message', (message: FromEngine) => received.push(message));
  child.stderr?.resume();
  const ended = once(child, 'exit').then(
    ([code, signal]: readonly unknown[]) => (signal ?? code) as Ending,
  );
  const send = (message: ToEngine) => child.send(message);
  const receive = async (type: FromEngine['type'], count = 1, timeoutMs = 20_000) => {
    for (;;) {
      const found = received.filter((message) => message.type === type);
      if (found.length >= count) return found;
      await once(child, 'message', { signal: AbortSignal.timeout(timeoutMs) });
    }
  };
  return { child, received, ended, send, receive };
}

async function openReady(workers: number) {
  const engine = open();
  engine.send(bench.start(workers));
  await engine.receive('ready');
  return engine;
}

test('says that it is ready, on which device and with how many workers', async () => {
  const { received } = await openReady(2);
  expect(received.filter(({ type }) => type !== 'residency')).toEqual([
    { type: 'ready', provider: 'cpu', workers: 2 },
  ]);
});

test('lets every running task end before it stops, with exit code 0', async () => {
  const engine = await openReady(3);
  const tasks = [0, 1, 2].map(() => bench.task('upscale', 'slow'));
  // One is short: piscina's own close would end the others' threads, and the process, after it.
  tasks[1] = bench.task('cutout', 'plain');
  for (const task of tasks) engine.send({ type: 'run', task });
  await engine.receive('progress');
  engine.send({ type: 'stop' });
  expect(await engine.ended).toBe(0);
  const done = engine.received.filter((message) => message.type === 'done');
  expect(done.map(({ taskId }) => taskId).sort()).toEqual(tasks.map(({ taskId }) => taskId).sort());
});

test.each(['before its start', 'when it is idle'] as const)(
  'stops %s with exit code 0',
  async (moment) => {
    const engine = open();
    if (moment === 'when it is idle') {
      engine.send(bench.start(2));
      await engine.receive('ready');
    }
    engine.send({ type: 'stop' });
    expect(await engine.ended).toBe(0);
  },
);

test('a stop ends it in the middle of a warm-up too, whose run nothing else can end', async () => {
  const engine = open();
  const [pack] = bench.packs;
  // With this mean every picture is brighter than white, so that the warm-up does not end.
  const inputs = { ...pack!.inputs, mean: [-1, -1, -1] };
  engine.send({ ...bench.start(2), packs: [{ ...pack!, inputs }] });
  await expect(engine.receive('ready', 1, 3000)).rejects.toThrow();
  engine.send({ type: 'stop' });
  expect(await engine.ended).toBe('SIGKILL');
});

test('a cancelled task says so between two tiles, and the others run on', async () => {
  const engine = await openReady(2);
  const [cut, kept] = [bench.task('upscale', 'slow'), bench.task('upscale', 'slow')];
  engine.send({ type: 'run', task: cut });
  engine.send({ type: 'run', task: kept });
  await engine.receive('progress', 2);
  engine.send({ type: 'cancel', taskId: cut.taskId });
  expect(await engine.receive('failed')).toMatchObject([{ taskId: cut.taskId, kind: 'cancelled' }]);
  expect(await engine.receive('done')).toMatchObject([{ taskId: kept.taskId }]);
});

test('a cancel for a task it does not have is nothing', async () => {
  const engine = await openReady(1);
  engine.send({ type: 'cancel', taskId: 'none' });
  const task = bench.task('inspect', 'plain');
  engine.send({ type: 'run', task });
  expect(await engine.receive('done')).toMatchObject([{ taskId: task.taskId }]);
});

test('progress grows to 1 and comes before the result', async () => {
  const engine = await openReady(1);
  engine.send({ type: 'run', task: bench.task('upscale', 'plain') });
  await engine.receive('done');
  const fractions = engine.received.flatMap((message) =>
    message.type === 'progress' ? [message.fraction] : [],
  );
  expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
  expect(fractions.length).toBeGreaterThan(1);
  expect(fractions.at(-1)).toBe(1);
  const aboutTask = engine.received.filter((message) => 'taskId' in message);
  expect(aboutTask.at(-1)?.type).toBe('done');
});

test('NaN in an output is an internal failure, never a picture', async () => {
  const engine = await openReady(1);
  engine.send({ type: 'run', task: bench.task('cutout', 'nan') });
  expect(await engine.receive('failed')).toMatchObject([
    { kind: 'internal', message: expect.stringContaining('NaN or infinity') },
  ]);
});

test.each(['an unknown pack', 'a pack for another operation'] as const)(
  'a task with %s fails, and the next one is served',
  async (what) => {
    const engine = await openReady(1);
    const packId = what === 'an unknown pack' ? 'none' : 'test-upscale';
    engine.send({ type: 'run', task: { ...bench.task('cutout', 'plain'), packId } });
    expect(await engine.receive('failed')).toMatchObject([{ kind: 'internal' }]);
    engine.send({ type: 'run', task: bench.task('cutout', 'plain') });
    await engine.receive('done');
  },
);

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s from a terminal is for its parent to act on',
  async (signal) => {
    const engine = await openReady(1);
    engine.child.kill(signal);
    engine.send({ type: 'run', task: bench.task('inspect', 'plain') });
    await engine.receive('done');
  },
);

test.each(['slow', 'endless'] as const)(
  'ends at once when its parent is gone, also in a run that is %s',
  async (behaviour) => {
    const engine = await openReady(1);
    engine.send({ type: 'run', task: bench.task('cutout', behaviour) });
    await new Promise((resolve) => setTimeout(resolve, 300));
    const startedMs = performance.now();
    engine.child.disconnect();
    expect(await engine.ended).toBe('SIGKILL');
    expect(performance.now() - startedMs).toBeLessThan(2000);
  },
);

test.each([
  [
    'a family it has no code for',
    { family: 'painting' },
    /test-cutout cannot be used: There is no segmentation family "painting"/,
  ],
  ['a file that is not there', { files: { model: '/none/model.onnx' } }, /model\.onnx/],
  ['a file role that is missing', { files: {} }, /has no file for model/],
  ['inputs of another family', { inputs: { tilePx: 64 } }, /tilePx/],
])('a pack with %s fails the start with a plain reason', async (_name, change, reason) => {
  const engine = open();
  const [pack] = bench.packs;
  const startedMs = performance.now();
  engine.send({ ...bench.start(2), packs: [{ ...pack!, ...change }] });
  const [failed] = await engine.receive('start-failed');
  expect(failed).toMatchObject({ reason: expect.stringMatching(reason) });
  expect(performance.now() - startedMs).toBeLessThan(10_000);
});
