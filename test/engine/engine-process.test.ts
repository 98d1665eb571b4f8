import { describe, expect, test } from 'vitest';
import { EngineProcess } from '../../src/engine/engine-process.ts';

const LIMITS = {
  maxPixels: 1_000_000,
  minSidePx: 16,
  maxSidePx: 4000,
  maxAspectRatio: 20,
  maxResultPixels: 1_000_000,
};

/** An engine process without packs: there is nothing to warm up. */
const bare = () =>
  new EngineProcess({
    start: {
      type: 'start',
      device: 'cpu',
      workers: 1,
      threadsPerWorker: 1,
      packs: [],
      limits: LIMITS,
    },
    log: () => undefined,
  });

const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

describe('a process that dies while it starts', () => {
  test('fails the start at once and leaves no timer behind', async () => {
    const engine = bare();
    const before = timers();
    const started = engine.start();
    process.kill(engine.pid ?? 0, 'SIGKILL');
    await expect(started).rejects.toThrow('The engine for cpu ended while starting (SIGKILL).');
    expect(engine.isReady).toBe(false);
    expect(timers()).toBe(before);
  });
});

test('a stop of a process that is not there ends at once', async () => {
  const engine = bare();
  await engine.stop(1000);
  expect(engine.pid).toBeUndefined();
});

test('a process that does not end in time is killed', async () => {
  const engine = bare();
  await engine.start();
  const pid = engine.pid ?? 0;
  process.kill(pid, 'SIGSTOP');
  await engine.stop(200);
  expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
  expect(engine.restarts).toBe(0);
});
