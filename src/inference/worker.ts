/**
 * The thread of a lane: it loads packs, gives them back, and runs one task at a time on those it has. A run blocks
 * this thread, so a cancel cannot arrive as a message: it is a flag in shared memory, read between steps and tiles.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type {
  EngineErrorKind,
  EnginePack,
  EngineResult,
  EngineTask,
  SourceLimits,
} from '../engine/protocol.ts';
import { shrinkPicture } from '../imaging/codec.ts';
import { type LoadedPack, loadPack } from './loaded-pack.ts';
import { OperationError } from './operation-error.ts';
import { runOperation } from './operations/run-operation.ts';
import { isOutOfMemory } from './out-of-memory.ts';
import { type ProviderChoice, wakeRuntime } from './session.ts';
import { drawDisc, warmUp } from './warm-up.ts';

/** What each worker is started with. */
export interface WorkerSetup {
  readonly choice: ProviderChoice;
  readonly packs: readonly EnginePack[];
  readonly limits: SourceLimits;
}

/** Work for a worker; `wake` loads what no pack needs alone. */
export type WorkerJob =
  | { readonly type: 'wake' }
  | { readonly type: 'load'; readonly packId: string }
  | { readonly type: 'unload'; readonly packId: string }
  | { readonly type: 'task'; readonly task: EngineTask; readonly cancelFlag: SharedArrayBuffer };

/** A failed job. */
export interface WorkerFailure {
  readonly kind: EngineErrorKind;
  readonly message: string;
}

/** What a worker answers; failures are values, since errors lose their fields between threads. */
export type WorkerAnswer = (
  | { readonly ok: true; readonly result?: EngineResult }
  | ({ readonly ok: false } & WorkerFailure)
) & {
  /** What was tried when memory ran out. */
  readonly tried?: readonly string[];
};

/** A note posted beside piscina's own messages. */
export interface WorkerNote {
  readonly garnishProgress?: { readonly taskId: string; readonly fraction: number };
}

/** piscina hands the pool's `workerData` over as the second element of an array. */
const setup = (Array.isArray(workerData) ? workerData.at(-1) : workerData) as WorkerSetup;
const packs = new Map<string, LoadedPack>();

/** Bring a pack into memory and run each of its graphs once: only then it is there. */
async function load(packId: string): Promise<void> {
  const pack = setup.packs.find(({ id }) => id === packId);
  if (pack === undefined) throw new OperationError('internal', `There is no pack ${packId}.`);
  const loaded = await loadPack(pack, setup.choice);
  try {
    await warmUp(loaded);
  } catch (error) {
    await loaded.release();
    throw error;
  }
  packs.set(packId, loaded);
}

async function unload(packId: string): Promise<void> {
  const pack = packs.get(packId);
  packs.delete(packId);
  await pack?.release();
}

function runTask(task: EngineTask, cancelFlag: Int32Array, tried: string[]): Promise<EngineResult> {
  const post = (note: WorkerNote) => parentPort?.postMessage(note);
  return runOperation({
    task,
    limits: setup.limits,
    pack: (id = task.packId) => {
      const pack = packs.get(id ?? '');
      if (pack === undefined) throw new OperationError('internal', `Pack ${id} is not loaded.`);
      return pack;
    },
    isCancelled: () => Atomics.load(cancelFlag, 0) !== 0,
    onProgress: (fraction) => post({ garnishProgress: { taskId: task.taskId, fraction } }),
    onShortage: (what) => tried.push(what),
  });
}

async function answer(job: WorkerJob, tried: string[]): Promise<WorkerAnswer> {
  switch (job.type) {
    case 'wake':
      await wakeRuntime(setup.choice);
      await shrinkPicture(drawDisc(), { widthPx: 1, heightPx: 1 });
      return { ok: true };
    case 'load':
      await load(job.packId);
      return { ok: true };
    case 'unload':
      await unload(job.packId);
      return { ok: true };
    case 'task':
      return { ok: true, result: await runTask(job.task, new Int32Array(job.cancelFlag), tried) };
    default:
      return job satisfies never;
  }
}

function kindOf(error: unknown): EngineErrorKind {
  if (error instanceof OperationError) return error.kind;
  return isOutOfMemory(error) ? 'out_of_memory' : 'internal';
}

/** The function piscina calls. */
export default async function work(job: WorkerJob): Promise<WorkerAnswer> {
  const tried: string[] = [];
  try {
    return { ...(await answer(job, tried)), tried };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { ok: false, kind: kindOf(error), message, tried };
  }
}
