/** What an engine process keeps in memory, with real packs in a real process. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { EngineProcess } from '../../src/engine/engine-process.ts';
import type { EnginePack } from '../../src/engine/protocol.ts';
import type { ResidencySettings } from '../../src/engine/residency-terms.ts';
import { TaskFailure } from '../../src/engine/task.ts';
import { encodePicture } from '../../src/imaging/codec.ts';
import { LIMITS, testBench, until } from '../engine/test-packs.ts';
import { heavyPacks } from '../support/heavy-packs.ts';
import { drawPlate } from '../support/pictures.ts';

const MIB = 32;
/** Room for two of them. */
const BUDGET = { budgetMib: 90, isBudgetStrict: true };
const never = new AbortController().signal;

let folder: string;
let packs: readonly EnginePack[];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'garnish-lanes-'));
  packs = heavyPacks(folder, [MIB, MIB, MIB]);
  await encodePicture(drawPlate(64, 64), 'png', join(folder, 'source'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Options {
  readonly workers?: number;
  readonly packs?: readonly EnginePack[];
}

async function started(residency: ResidencySettings, options: Options = {}) {
  const logged: string[] = [];
  const engine = new EngineProcess({
    start: {
      ...{ type: 'start', device: 'cpu', workers: 1, threadsPerWorker: 1, packs, limits: LIMITS },
      ...options,
      residency,
    },
    log: (event) => void logged.push(event),
  });
  onTestFinished(() => engine.stop(0));
  await engine.start();
  return { engine, logged };
}

let tasks = 0;
const cutout = (engine: EngineProcess, packId: string) => {
  tasks += 1;
  const operation = { operation: 'remove-background', output: 'mask', format: 'png' } as const;
  const taskId = `task-${tasks}`;
  const files = { sourcePath: join(folder, 'source'), outputStem: join(folder, taskId) };
  return engine.run({ taskId, operation, packId, ...files }, { signal: never, deadlineMs: 60_000 });
};

/** Names of what is loaded, in the order of last use. */
const loaded = ({ residency }: EngineProcess): readonly string[] =>
  [...(residency?.packs ?? [])]
    .sort((a, b) => a.lastUsedAt - b.lastUsedAt)
    .map(({ packId }) => packId);

test('three packs under a budget for two: what was used longest ago leaves, and each is served', async () => {
  const { engine, logged } = await started(BUDGET);
  expect(loaded(engine)).toEqual(['heavy-1', 'heavy-2']);
  expect(logged).toContain('pack-not-preloaded');
  for (const packId of ['heavy-3', 'heavy-1', 'heavy-2', 'heavy-3', 'heavy-3']) {
    expect(await cutout(engine, packId)).toMatchObject({ files: [{ widthPx: 64 }] });
    await until(() => loaded(engine).at(-1) === packId, 2000);
    expect(loaded(engine)).toHaveLength(2);
  }
  const { usedMib = 0, measuredMib = {} } = engine.residency ?? {};
  expect(usedMib).toBeLessThanOrEqual(BUDGET.budgetMib);
  for (const { id } of packs) {
    expect(measuredMib[id]).toBeGreaterThanOrEqual(MIB);
    expect(measuredMib[id]).toBeLessThan(MIB * 1.5);
  }
});

test('a pack is measured, whatever its manifest says, and then counts for what it takes', async () => {
  const modest = packs.map((pack) => ({ ...pack, memoryMib: 1, bytes: 1 }));
  const { engine } = await started(BUDGET, { packs: modest });
  expect(loaded(engine)).toEqual(['heavy-1', 'heavy-2', 'heavy-3']); // the third looked small
  expect(engine.residency?.usedMib).toBeGreaterThan(3 * MIB * 0.9);
  await cutout(engine, 'heavy-3');
  await engine.unload('heavy-1');
  await cutout(engine, 'heavy-1');
  await until(() => loaded(engine).includes('heavy-1'), 1000);
  expect(loaded(engine)).toEqual(['heavy-3', 'heavy-1']);
});

test('tasks at once share the lanes and the budget, and none is lost', async () => {
  const { engine } = await started({ ...BUDGET, preload: [] }, { workers: 2 });
  const ids = Array.from({ length: 12 }, (_, at) => `heavy-${(at % 3) + 1}`);
  const results = await Promise.all(ids.map((packId) => cutout(engine, packId)));
  expect(results.every(({ files }) => files.length === 1)).toBe(true);
  expect(engine.residency?.usedMib).toBeLessThanOrEqual(BUDGET.budgetMib);
});

test('a pack goes when it has not been used for its time, and comes back when it is needed', async () => {
  const { engine } = await started({ keepAliveS: 1, preload: [] });
  expect(loaded(engine)).toEqual([]);
  await cutout(engine, 'heavy-1');
  await until(() => loaded(engine).includes('heavy-1'), 1000);
  const [pack] = engine.residency?.packs ?? [];
  expect(pack).toMatchObject({ uses: 1, keepAliveS: 1, isPinned: false });
  expect((pack?.expiresAt ?? 0) - (pack?.lastUsedAt ?? 0)).toBe(1000);
  await until(() => loaded(engine).length === 0, 4000);
  await cutout(engine, 'heavy-1');
});

test('a pack goes in its time though another lane is in a run without end', async () => {
  const bench = await testBench();
  onTestFinished(() => bench.clean());
  const { engine } = await started(
    { keepAliveS: 1, preload: [] },
    { workers: 2, packs: bench.packs },
  );
  const options = { signal: never, deadlineMs: 60_000 };
  engine.run(bench.task('cutout', 'endless'), options).catch(() => undefined);
  await engine.run(bench.task('upscale', 'plain'), options);
  await until(() => loaded(engine).includes('test-upscale'), 1000);
  await until(() => !loaded(engine).includes('test-upscale'), 5000);
  expect(loaded(engine)).toEqual(['test-cutout']);
});

test('with a time of none it goes after its use, in every lane', async () => {
  const { engine } = await started({ keepAliveS: 0, preload: [] }, { workers: 2 });
  await Promise.all(packs.map(({ id }) => cutout(engine, id)));
  await until(() => loaded(engine).length === 0, 2000);
  expect(engine.residency?.usedMib).toBe(0);
});

test('a pinned pack is there from the start and is never pushed out', async () => {
  const { engine } = await started({ ...BUDGET, preload: [], pinned: ['heavy-2'], keepAliveS: 0 });
  expect(loaded(engine)).toEqual(['heavy-2']);
  for (const packId of ['heavy-1', 'heavy-3', 'heavy-2']) await cutout(engine, packId);
  expect(loaded(engine)).toContain('heavy-2');
});

test('packs of a group are never in memory together', async () => {
  const { engine } = await started({ exclusive: [['heavy-1', 'heavy-3']] });
  expect(loaded(engine)).toEqual(['heavy-1', 'heavy-2']);
  await cutout(engine, 'heavy-3');
  await until(() => loaded(engine).includes('heavy-3'), 1000);
  expect(loaded(engine)).toEqual(['heavy-2', 'heavy-3']);
});

test('a pack is loaded and given back by hand, with a time and a pin of its own', async () => {
  const { engine } = await started({ ...BUDGET, preload: [] });
  await engine.load('heavy-1', { keepAliveS: 600, isPinned: true });
  expect(engine.residency?.packs).toMatchObject([
    { packId: 'heavy-1', copies: 1, isPinned: true, keepAliveS: 600, uses: 0, expiresAt: null },
  ]);
  await engine.load('heavy-1', {}); // what is not said stays
  for (const packId of ['heavy-2', 'heavy-3']) await engine.load(packId, {});
  expect(loaded(engine)).toEqual(['heavy-1', 'heavy-3']);
  await engine.load('heavy-1', { isPinned: false });
  expect(engine.residency?.packs[0]).toMatchObject({ isPinned: false, keepAliveS: 600 });
  await engine.unload('heavy-1');
  await engine.unload('heavy-2');
  expect(loaded(engine)).toEqual(['heavy-3']);
});

test('a pack in use is given back when its task has ended', async () => {
  const { engine } = await started({ preload: ['heavy-1'] });
  const running = cutout(engine, 'heavy-1');
  await engine.unload('heavy-1');
  expect(loaded(engine)).toEqual([]);
  expect(await running).toMatchObject({ files: [{ widthPx: 64 }] });
});

test('a pack larger than a budget that was named is refused by its own size, the others are served', async () => {
  const big = packs.map((pack) => (pack.id === 'heavy-2' ? { ...pack, memoryMib: 500 } : pack));
  const { engine } = await started(BUDGET, { packs: big });
  const refused = await cutout(engine, 'heavy-2').catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(TaskFailure);
  expect(refused).toMatchObject({
    kind: 'no_room',
    message: 'heavy-2 takes 500 MiB, more than the memory budget of 90 MiB.',
  });
  expect(await cutout(engine, 'heavy-3')).toMatchObject({ files: [{ widthPx: 64 }] });
});

test('a pack that is broken fails its own task when it is first needed, and no other', async () => {
  const garbage = join(folder, 'garbage.onnx');
  writeFileSync(garbage, 'garbage');
  const broken = packs.map((pack) =>
    pack.id === 'heavy-2' ? { ...pack, files: { model: garbage } } : pack,
  );
  const { engine } = await started({ preload: ['heavy-1'] }, { packs: broken });
  for (let attempt = 0; attempt < 2; attempt += 1) {
    await expect(cutout(engine, 'heavy-2')).rejects.toMatchObject({ kind: 'internal' });
    expect(await cutout(engine, 'heavy-1')).toMatchObject({ files: [{ widthPx: 64 }] });
  }
  expect(engine.restarts).toBe(0);
});
