/** Memory that runs out while a pack is loaded: onnxruntime fails to allocate in the inference that proves it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { EngineProcess } from '../../src/engine/engine-process.ts';
import type { EnginePack } from '../../src/engine/protocol.ts';
import type { ResidencySettings } from '../../src/engine/residency-terms.ts';
import { encodePicture } from '../../src/imaging/codec.ts';
import { PackRegistry } from '../../src/packs/registry.ts';
import { HUNGRY_PACKS, LIMITS, until } from '../engine/test-packs.ts';
import { heavyPacks } from '../support/heavy-packs.ts';
import { drawPlate } from '../support/pictures.ts';

let folder: string;
let packs: readonly EnginePack[];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'garnish-shortage-'));
  const hungry = (await PackRegistry.load([HUNGRY_PACKS]))
    .enginePacks()
    .filter(({ id }) => id === 'hungry-cutout')
    // With this mean every picture is brighter than white, and then the graph wants all memory.
    .map((pack) => ({ ...pack, inputs: { ...pack.inputs, mean: [-1, -1, -1] } }));
  packs = [...heavyPacks(folder, [8, 8]), ...hungry];
  await encodePicture(drawPlate(64, 64), 'png', join(folder, 'source'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function started(residency: ResidencySettings) {
  const logged: Record<string, unknown>[] = [];
  const engine = new EngineProcess({
    start: {
      ...{ type: 'start', device: 'cpu', workers: 2, threadsPerWorker: 1, packs, limits: LIMITS },
      residency,
    },
    log: (event, fields) => {
      if (event !== 'engine-stderr') logged.push({ event, ...fields }); // where onnxruntime says it too
    },
  });
  onTestFinished(() => engine.stop(0));
  await engine.start();
  return { engine, logged };
}

let tasks = 0;
const cutout = (engine: EngineProcess, packId: string) => {
  tasks += 1;
  const operation = { operation: 'remove-background', output: 'mask', format: 'png' } as const;
  const files = { sourcePath: join(folder, 'source'), outputStem: join(folder, `r-${tasks}`) };
  const signal = new AbortController().signal;
  const task = { taskId: `t-${tasks}`, operation, packId, ...files };
  return engine.run(task, { signal, deadlineMs: 60_000 });
};
const loaded = ({ residency }: EngineProcess) =>
  residency?.packs.map(({ packId }) => packId).sort();

test('what is idle and not pinned goes, the task is told, and the lanes go on', async () => {
  const { engine, logged } = await started({ preload: ['heavy-1'], pinned: ['heavy-2'] });
  expect(loaded(engine)).toEqual(['heavy-1', 'heavy-2']);
  await expect(cutout(engine, 'hungry-cutout')).rejects.toMatchObject({ kind: 'out_of_memory' });
  expect(logged).toMatchObject([
    {
      event: 'out-of-memory',
      device: 'cpu',
      packIds: ['hungry-cutout'],
      tried: ['gave back heavy-1'],
      isServed: false,
    },
  ]);
  await until(() => loaded(engine)?.join() === 'heavy-2', 5000); // told just after the task's end
  for (const packId of ['heavy-1', 'heavy-2']) {
    expect(await cutout(engine, packId)).toMatchObject({ files: [{ widthPx: 64 }] });
  }
  await expect(engine.load('hungry-cutout', {})).rejects.toMatchObject({ kind: 'out_of_memory' });
});

test('a start that loads all goes on without it, one that names it does not', async () => {
  const { engine, logged } = await started({});
  expect(loaded(engine)).toEqual(['heavy-1', 'heavy-2']);
  expect(logged).toMatchObject([{ event: 'pack-not-preloaded', packId: 'hungry-cutout' }]);
  await expect(started({ preload: ['hungry-cutout'] })).rejects.toThrow(
    /cannot start: .*Failed to allocate memory/s,
  );
});
