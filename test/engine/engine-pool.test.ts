/** The engine as it is served: a real child process with the packs of the repository. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isCudaProviderInstalled } from '../../src/engine/cuda-provider.ts';
import { Engine, type EngineOptions } from '../../src/engine/engine-pool.ts';
import type { EngineOperation, EnginePack } from '../../src/engine/protocol.ts';
import type { TaskOptions } from '../../src/engine/task.ts';
import { ApiError } from '../../src/errors.ts';
import { encodePicture } from '../../src/imaging/codec.ts';
import { PackRegistry, STARTER_PACKS } from '../../src/packs/registry.ts';
import { drawPlate } from '../support/pictures.ts';
import { isAlive } from './test-packs.ts';

const LIMITS = {
  maxPixels: 4_000_000,
  minSidePx: 16,
  maxSidePx: 4000,
  maxAspectRatio: 20,
  maxResultPixels: 20_000_000,
};
const never = new AbortController().signal;

let folder: string;
let packs: readonly EnginePack[];
let engine: Engine;
const logged: string[] = [];

const engineWith = (options: Partial<EngineOptions>): Engine =>
  new Engine({
    devices: ['cpu'],
    workers: 1,
    packs,
    limits: LIMITS,
    log: (event) => void logged.push(event),
    ...options,
  });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'garnish-test-'));
  await encodePicture(drawPlate(64, 48), 'png', join(folder, 'small'));
  await encodePicture(drawPlate(500, 500), 'jpg', join(folder, 'large'));
  writeFileSync(join(folder, 'broken'), 'not a picture');
  packs = (await PackRegistry.load([STARTER_PACKS])).enginePacks();
  engine = engineWith({});
  await engine.start();
});
afterAll(async () => {
  await engine.stop(0);
  rmSync(folder, { recursive: true, force: true });
});

const INSPECT: EngineOperation = { operation: 'inspect' };
const UPSCALE: EngineOperation = { operation: 'upscale', scale: 4 };

let tasks = 0;
function run(
  operation: EngineOperation,
  source: 'small' | 'large' | 'broken',
  options: Partial<TaskOptions> = {},
) {
  const task = operation.operation === 'upscale' ? 'super-resolution' : 'segmentation';
  const packId = packs.find((pack) => pack.task === task)?.id ?? '';
  tasks += 1;
  const taskId = `task-${tasks}`;
  return engine.run(
    {
      taskId,
      operation,
      packId,
      sourcePath: join(folder, source),
      outputStem: join(folder, taskId),
    },
    { signal: never, deadlineMs: 60_000, ...options },
  );
}

/** A task that is in the middle of its tiles, and how it ends. */
async function begin(options: Partial<TaskOptions> = {}): Promise<{ ended: Promise<unknown> }> {
  let ended: Promise<unknown> = Promise.resolve();
  await new Promise<void>((onProgress) => {
    ended = run(UPSCALE, 'large', { ...options, onProgress: () => onProgress() }).catch(
      (error: unknown) => error,
    );
  });
  return { ended };
}

const codeOf = (error: unknown) => (error instanceof ApiError ? error.code : error);
const pidOf = () => engine.state[0]?.pid ?? 0;

describe('tasks', () => {
  test('inspect tells the size and writes nothing', async () => {
    expect(engine.isReady).toBe(true);
    expect(engine.slots).toBe(1);
    const result = await run(INSPECT, 'small');
    expect(result.source).toEqual({ widthPx: 64, heightPx: 48 });
    expect(result.files).toEqual([]);
  });

  test.each([
    ['upscale', { operation: 'upscale', scale: 2, format: 'png' }, 128, 96],
    [
      'remove-background',
      { operation: 'remove-background', output: 'cutout', format: 'png' },
      64,
      48,
    ],
  ] as const)('%s writes the file that it names', async (_name, operation, widthPx, heightPx) => {
    const {
      files: [file],
    } = await run(operation, 'small');
    expect(file).toMatchObject({ format: 'png', widthPx, heightPx });
    const bytes = readFileSync(file!.path);
    expect(file!.bytes).toBe(bytes.length);
    expect(file!.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
  });

  test("the caller's mistakes come back as such", async () => {
    expect(codeOf(await run(INSPECT, 'broken').catch((error: unknown) => error))).toBe(
      'invalid_image',
    );
    const huge = { operation: 'upscale', scale: 4 } as const;
    const small = engineWith({ limits: { ...LIMITS, maxResultPixels: 1000 } });
    await small.start();
    const refused = small.run(
      {
        taskId: 'huge',
        operation: huge,
        packId: packs.find((pack) => pack.task === 'super-resolution')!.id,
        sourcePath: join(folder, 'small'),
        outputStem: join(folder, 'huge'),
      },
      { signal: never, deadlineMs: 60_000 },
    );
    expect(codeOf(await refused.catch((error: unknown) => error))).toBe('invalid_request');
    await small.stop(1000);
  });
});

describe('a task that is cut short', () => {
  test('by its signal ends with its reason, and the process stays', async () => {
    const pid = pidOf();
    const caller = new AbortController();
    const { ended } = await begin({ signal: caller.signal });
    caller.abort(new Error('the caller left'));
    expect(String(await ended)).toBe('Error: the caller left');
    expect((await run(INSPECT, 'small')).source?.widthPx).toBe(64);
    expect(pidOf()).toBe(pid);
  });

  test('by a signal that had fired before never reaches the process', async () => {
    await expect(
      run(INSPECT, 'small', { signal: AbortSignal.abort(new Error('gone')) }),
    ).rejects.toThrow('gone');
    expect(engine.state[0]?.tasks).toBe(0);
  });

  test('by its deadline is our failure, and the next one is served', async () => {
    const pid = pidOf();
    const ended = run(UPSCALE, 'large', { deadlineMs: 50 });
    expect(codeOf(await ended.catch((error: unknown) => error))).toBe('internal_error');
    expect(logged).toContain('engine-deadline');
    expect((await run(INSPECT, 'small')).source?.widthPx).toBe(64);
    expect(pidOf()).toBe(pid);
  });

  test('by the death of the process is our failure, and its successor serves the next', async () => {
    const pid = pidOf();
    const { ended } = await begin();
    process.kill(pid, 'SIGKILL');
    expect(codeOf(await ended)).toBe('internal_error');
    expect(engine.isReady).toBe(false);
    expect((await run(INSPECT, 'small')).source?.widthPx).toBe(64);
    expect(engine.state[0]).toMatchObject({ isReady: true, restarts: 1, tasks: 0 });
    expect(pidOf()).not.toBe(pid);
  });
});

test('a process that does not heed a cancel is killed and replaced', async () => {
  const pid = pidOf();
  const { restarts = 0 } = engine.state[0] ?? {};
  const caller = new AbortController();
  const { ended } = await begin({ signal: caller.signal });
  process.kill(pid, 'SIGSTOP'); // as a run that hangs in native code
  caller.abort(new Error('the caller left'));
  expect(String(await ended)).toBe('Error: the caller left');
  expect(logged).toContain('engine-killed');
  expect((await run(INSPECT, 'small')).source?.widthPx).toBe(64);
  expect(engine.state[0]?.restarts).toBe(restarts + 1);
});

describe('a start', () => {
  test('with a damaged graph says so, and leaves no process', async () => {
    const garbage = join(folder, 'garbage');
    mkdirSync(garbage);
    const files = { model: join(garbage, 'model.onnx') };
    writeFileSync(files.model, 'garbage');
    const [first] = packs;
    const broken = engineWith({ packs: [{ ...first!, files }] });
    const startedMs = performance.now();
    await expect(broken.start()).rejects.toThrow(/The engine for cpu cannot start: .*model/);
    expect(performance.now() - startedMs).toBeLessThan(15_000);
    expect(broken.state).toEqual([]);
    expect(broken.isReady).toBe(false);
  });

  const withoutCuda = test.skipIf(isCudaProviderInstalled()); // the claims are about its absence

  withoutCuda('on a named CUDA device without the provider says why', async () => {
    const named = engineWith({ devices: ['cuda:0'] });
    await expect(named.start()).rejects.toThrow(/The engine for cuda:0 cannot start: .*cuda/i);
    expect(named.state).toEqual([]);
  });

  withoutCuda('on whatever is there takes the CPU and says so', async () => {
    const auto = engineWith({ devices: ['auto'], packs: [] });
    await auto.start();
    expect(auto.state).toMatchObject([{ device: 'cpu', isReady: true, workers: 1 }]);
    expect(logged).toContain('engine-auto');
    await auto.stop(1000);
  });
});

test('a stop lets the running task end, and then ends the process', async () => {
  const pid = pidOf();
  let result: ReturnType<typeof run> | undefined;
  await new Promise<void>((onProgress) => {
    result = run({ ...UPSCALE, scale: 2 }, 'large', { onProgress: () => onProgress() });
  });
  await engine.stop(30_000);
  expect((await result)?.files[0]).toMatchObject({ widthPx: 1000, heightPx: 1000 });
  expect(isAlive(pid)).toBe(false);
  expect(engine.isReady).toBe(false);
});
