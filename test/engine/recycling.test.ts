/** A process that has given its packs back is replaced by a fresh one, and nobody notices. */
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { EngineProcess } from '../../src/engine/engine-process.ts';
import type { EngineTask } from '../../src/engine/protocol.ts';
import { isWorthReplacing } from '../../src/engine/recycling.ts';
import type { Residency } from '../../src/engine/residency-terms.ts';
import { isAlive, type TestBench, testBench, until } from './test-packs.ts';

const RECYCLE_AFTER_MS = 150;
/** Whatever a process holds is too much. */
const ANYTHING = -10_000;
const never = new AbortController().signal;

let bench: TestBench;
beforeAll(async () => {
  bench = await testBench();
});
afterAll(() => bench.clean());

/** Gives each pack back after its use. */
async function started() {
  const logged: string[] = [];
  const engine = new EngineProcess({
    start: { ...bench.start(1), residency: { keepAliveS: 0, preload: [] } },
    log: (event) => void logged.push(event),
    recycleAfterMs: RECYCLE_AFTER_MS,
    leftOverMib: ANYTHING,
  });
  onTestFinished(() => engine.stop(0));
  await engine.start();
  return { engine, logged };
}

/** Numbers of the processes that this one has started and that still run. */
const children = (): readonly string[] =>
  readdirSync('/proc/self/task').flatMap((thread) =>
    readFileSync(`/proc/self/task/${thread}/children`, 'utf8').split(' ').filter(Boolean),
  );

const run = (engine: EngineProcess, task: EngineTask) =>
  engine.run(task, { signal: never, deadlineMs: 60_000 });
const cutout = (engine: EngineProcess) => run(engine, bench.task('cutout', 'plain'));

test('it takes over with what is known, loads nothing, and works; the old one ends', async () => {
  const { engine, logged } = await started();
  const first = engine.pid ?? 0;
  await cutout(engine);
  await until(() => engine.recycles === 1, 20_000);
  expect(engine.pid).not.toBe(first);
  expect(engine.restarts).toBe(0);
  expect(engine.residency).toMatchObject({ packs: [], usedMib: 0 });
  expect(engine.residency?.measuredMib['test-cutout']).toBeGreaterThan(0);
  expect(logged).toEqual(['engine-recycled']);
  await until(() => !isAlive(first), 5000);
  expect(await cutout(engine)).toMatchObject({ files: [{ widthPx: 192 }] });
});

test('one that has held no pack is not replaced, nor one that has work again', async () => {
  const { engine } = await started();
  const pid = engine.pid;
  const { packId: _packId, ...inspection } = bench.task('inspect', 'plain');
  await run(engine, inspection);
  await new Promise((resolve) => setTimeout(resolve, 3 * RECYCLE_AFTER_MS));
  const before = new Set(children());
  await cutout(engine);
  // Its successor has begun to start, and will find a process that is at work.
  await until(() => children().some((child) => !before.has(child)), 20_000);
  const slow = [1, 2, 3].map(() => run(engine, bench.task('upscale', 'slow'))); // no gap between them
  const results = await Promise.all(slow);
  expect(results.every(({ files }) => files.length === 1)).toBe(true);
  expect(engine.pid).toBe(pid);
  expect(engine.recycles).toBe(0);
});

test('a stop while the successor starts leaves neither of them', async () => {
  const { engine, logged } = await started();
  const pid = engine.pid ?? 0;
  await cutout(engine);
  await new Promise((resolve) => setTimeout(resolve, 2 * RECYCLE_AFTER_MS));
  await engine.stop(5000);
  expect(isAlive(pid)).toBe(false);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(engine.recycles).toBe(0);
  expect(logged).toEqual([]);
});

test('a quarter above a fresh process, and 64 MiB, are left to it', () => {
  const residency = (baseRssMib: number, rssMib: number): Residency => ({
    ...{ packs: [], measuredMib: {}, usedMib: 0, budgetMib: null, baseRssMib, rssMib },
  });
  expect(isWorthReplacing(residency(100, 163))).toBe(false);
  expect(isWorthReplacing(residency(100, 165))).toBe(true);
  expect(isWorthReplacing(residency(400, 499))).toBe(false);
  expect(isWorthReplacing(residency(400, 501))).toBe(true);
  const pack = {
    ...{ packId: 'a', copies: 1, isPinned: false, keepAliveS: -1, uses: 0 },
    ...{ loadedAt: 0, lastUsedAt: 0, expiresAt: null },
  };
  expect(isWorthReplacing({ ...residency(100, 900), packs: [pack] })).toBe(false);
});
