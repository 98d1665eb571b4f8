/** Packs of test/fixtures/packs, and pictures whose brightness says what a run on them does. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Engine, type EngineOptions } from '../../src/engine/engine-pool.ts';
import type {
  EngineOperation,
  EnginePack,
  EngineStart,
  EngineTask,
} from '../../src/engine/protocol.ts';
import { encodePicture } from '../../src/imaging/codec.ts';
import { PackRegistry } from '../../src/packs/registry.ts';

const PACKS = fileURLToPath(new URL('../fixtures/packs/', import.meta.url));

/** Folder of packs that run out of memory. */
export const HUNGRY_PACKS = fileURLToPath(new URL('../fixtures/hungry-packs/', import.meta.url));

/** Levels of grey by what the graphs do with them, as scripts/golden/make_test_packs.py says. */
const LEVELS = { endless: 255, slow: 220, nan: 0, plain: 100 } as const;

/** What a run on a picture does. */
export type Behaviour = keyof typeof LEVELS;

export const LIMITS = {
  maxPixels: 4_000_000,
  minSidePx: 16,
  maxSidePx: 4000,
  maxAspectRatio: 20,
  maxResultPixels: 20_000_000,
};

/** Side of the pictures: 16 tiles of the upscaling pack. */
export const SIDE_PX = 192;

const OPERATIONS = {
  cutout: { operation: 'remove-background', output: 'mask', format: 'png' },
  upscale: { operation: 'upscale', scale: 2, format: 'png' },
  inspect: { operation: 'inspect' },
} as const satisfies Record<string, EngineOperation>;

/** A folder of pictures, and tasks on them. */
export interface TestBench {
  readonly folder: string;
  readonly packs: readonly EnginePack[];
  /** A task with an id of its own. */
  task(operation: keyof typeof OPERATIONS, behaviour: Behaviour): EngineTask;
  /** The first message to an engine process. */
  start(workers: number): EngineStart;
  /** An engine on the CPU with one worker, not started yet. */
  engine(options?: Partial<EngineOptions>): Engine;
  clean(): void;
}

/** Draws the pictures and checks the packs. */
export async function testBench(): Promise<TestBench> {
  const folder = mkdtempSync(join(tmpdir(), 'garnish-engine-'));
  for (const [behaviour, level] of Object.entries(LEVELS)) {
    const data = new Uint8Array(SIDE_PX * SIDE_PX * 3).fill(level);
    const picture = { data, widthPx: SIDE_PX, heightPx: SIDE_PX, channels: 3 as const };
    await encodePicture(picture, 'png', join(folder, behaviour));
  }
  const packs = (await PackRegistry.load([PACKS])).enginePacks();
  let tasks = 0;
  return {
    folder,
    packs,
    task: (operation, behaviour) => {
      tasks += 1;
      return {
        taskId: `task-${tasks}`,
        operation: OPERATIONS[operation],
        packId: operation === 'upscale' ? 'test-upscale' : 'test-cutout',
        sourcePath: join(folder, behaviour),
        outputStem: join(folder, `result-${tasks}`),
      };
    },
    start: (workers) => ({
      type: 'start',
      device: 'cpu',
      workers,
      threadsPerWorker: 1,
      packs,
      limits: LIMITS,
    }),
    engine: (options = {}) =>
      new Engine({
        devices: ['cpu'],
        workers: 1,
        packs,
        limits: LIMITS,
        log: () => undefined,
        ...options,
      }),
    clean: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/**
 * Whether a process is there; one that ended but was not waited for counts as ended: an orphan stays in that state until
 * the init process of the machine looks after it, which may take seconds.
 */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    if (process.platform !== 'linux') return true;
    const afterName = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1);
    return afterName?.startsWith('Z') === false;
  } catch {
    return false;
  }
}

/** Waits until a claim holds. @throws Error when it does not in time. */
export async function until(holds: () => boolean, timeoutMs: number): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  while (!holds()) {
    if (performance.now() > endMs) throw new Error(`Not within ${timeoutMs} ms: ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
