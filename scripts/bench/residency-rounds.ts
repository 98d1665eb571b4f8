/** Packs that push each other out of a budget, round after round: where the memory of the engine process goes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineProcess } from '../../src/engine/engine-process.ts';
import type { EnginePack } from '../../src/engine/protocol.ts';
import { encodePicture } from '../../src/imaging/codec.ts';
import { heavyPacks } from '../../test/support/heavy-packs.ts';
import { drawPlate } from '../../test/support/pictures.ts';

/** What is measured. */
export interface RoundsOptions {
  readonly rounds: number;
  /** Weights of each of the three packs, MiB. */
  readonly packMib: number;
  readonly onRound?: (round: number, rssMib: number) => void;
}

/** What came out, MiB of resident memory; two packs are loaded at `first` and `last`. */
export interface RoundsReport {
  readonly loads: number;
  readonly fresh: number;
  readonly first: number;
  readonly last: number;
  readonly largest: number;
  /** After the last pack was given back. */
  readonly emptied: number;
  /** Of the process that took over. */
  readonly recycled: number | undefined;
}

const LIMITS = {
  ...{ maxPixels: 1_000_000, minSidePx: 16, maxSidePx: 1000, maxAspectRatio: 20 },
  maxResultPixels: 1_000_000,
};
const RECYCLE_AFTER_MS = 200;
const RECYCLE_WAIT_MS = 15_000;
const POLL_MS = 50;
const CUTOUT = { operation: 'remove-background', output: 'mask', format: 'png' } as const;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** One task with a pack, which comes in for it. */
async function use(engine: EngineProcess, { id, folder }: EnginePack, at: number): Promise<void> {
  const files = { sourcePath: join(folder, 'source'), outputStem: join(folder, 'result') };
  const task = { taskId: `task-${at}`, operation: CUTOUT, packId: id, ...files };
  const { signal } = new AbortController();
  await engine.run(task, { signal, deadlineMs: 60_000 });
}

const rssOf = ({ residency }: EngineProcess): number => residency?.rssMib ?? 0;

/** Wait for a successor, where the process is worth one. */
async function awaitRecycle(engine: EngineProcess): Promise<number | undefined> {
  const endMs = performance.now() + RECYCLE_WAIT_MS;
  while (engine.recycles === 0 && performance.now() < endMs) await sleep(POLL_MS);
  return engine.recycles === 0 ? undefined : rssOf(engine);
}

async function measure(
  engine: EngineProcess,
  packs: readonly EnginePack[],
  { rounds, onRound }: RoundsOptions,
): Promise<RoundsReport> {
  const fresh = rssOf(engine);
  const seen: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const [at, pack] of packs.entries()) await use(engine, pack, round * packs.length + at);
    await sleep(1); // the last word about its memory comes after the answer
    seen.push(rssOf(engine));
    onRound?.(round, rssOf(engine));
  }
  for (const { id } of packs) await engine.unload(id);
  const emptied = rssOf(engine);
  return {
    loads: rounds * packs.length,
    fresh,
    first: seen[0] ?? 0,
    last: seen.at(-1) ?? 0,
    largest: Math.max(...seen),
    emptied,
    recycled: await awaitRecycle(engine),
  };
}

/** Three packs take turns under a budget for two, each with one task a round. */
export async function residencyRounds(options: RoundsOptions): Promise<RoundsReport> {
  const { packMib } = options;
  const folder = mkdtempSync(join(tmpdir(), 'garnish-residency-'));
  const packs = heavyPacks(folder, [packMib, packMib, packMib]);
  await encodePicture(drawPlate(64, 64), 'png', join(folder, 'source'));
  const engine = new EngineProcess({
    start: {
      ...{ type: 'start', device: 'cpu', workers: 1, threadsPerWorker: 1, packs, limits: LIMITS },
      residency: { budgetMib: packMib * 2.75, preload: [] },
    },
    log: () => undefined,
    recycleAfterMs: RECYCLE_AFTER_MS,
    leftOverMib: 0, // a server would not mind so little; here the successor is to be seen
  });
  try {
    await engine.start();
    return await measure(engine, packs, options);
  } finally {
    await engine.stop(5000);
    rmSync(folder, { recursive: true, force: true });
  }
}
