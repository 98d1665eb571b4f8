/**
 * A piscina worker: loads every pack once, then runs one task at a time. A run blocks this thread,
 * so a cancel cannot arrive as a message: it is a flag in shared memory, read between steps and tiles.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type {
  EngineErrorKind,
  EnginePack,
  EngineResult,
  EngineTask,
  SourceLimits,
} from '../engine/protocol.ts';
import { type LoadedPack, loadPack } from './loaded-pack.ts';
import { OperationError } from './operation-error.ts';
import { runOperation } from './operations/run-operation.ts';
import type { ProviderChoice } from './session.ts';
import { warmUp } from './warm-up.ts';

/** What each worker is started with. */
export interface WorkerSetup {
  readonly choice: ProviderChoice;
  readonly packs: readonly EnginePack[];
  readonly limits: SourceLimits;
}

/** Work for a worker. */
export type WorkerJob =
  | { readonly type: 'warm-up'; readonly barrier: SharedArrayBuffer; readonly workers: number }
  | { readonly type: 'task'; readonly task: EngineTask; readonly cancelFlag: SharedArrayBuffer };

/** What a worker answers; failures are values, since errors lose their fields between threads. */
export type WorkerAnswer =
  | { readonly ok: true; readonly result?: EngineResult }
  | { readonly ok: false; readonly kind: EngineErrorKind; readonly message: string };

/** A progress note, posted beside piscina's own messages. */
export interface ProgressNote {
  readonly garnishProgress: { readonly taskId: string; readonly fraction: number };
}

/** piscina hands the pool's `workerData` over as the second element of an array. */
const setup = (Array.isArray(workerData) ? workerData.at(-1) : workerData) as WorkerSetup;

const BARRIER_TIMEOUT_MS = 120_000;
let loading: Promise<ReadonlyMap<string, LoadedPack>> | undefined;

async function loadAll(): Promise<ReadonlyMap<string, LoadedPack>> {
  const packs = new Map<string, LoadedPack>();
  for (const pack of setup.packs) packs.set(pack.id, await loadPack(pack, setup.choice));
  return packs;
}

function loadedPacks(): Promise<ReadonlyMap<string, LoadedPack>> {
  loading ??= loadAll();
  return loading;
}

/** Hold this worker until all have begun, so that each gets exactly one warm-up. */
function meetOthers(barrier: SharedArrayBuffer, workers: number): void {
  const arrived = new Int32Array(barrier);
  const count = Atomics.add(arrived, 0, 1) + 1;
  Atomics.notify(arrived, 0);
  for (let seen = count; seen < workers; seen = Atomics.load(arrived, 0)) {
    if (Atomics.wait(arrived, 0, seen, BARRIER_TIMEOUT_MS) === 'timed-out') {
      throw new Error('Not every worker started.');
    }
  }
}

async function runTask(task: EngineTask, cancelFlag: Int32Array): Promise<EngineResult> {
  const packs = await loadedPacks();
  return runOperation({
    task,
    limits: setup.limits,
    pack: (id = task.packId) => {
      const pack = packs.get(id ?? '');
      if (pack === undefined) throw new OperationError('internal', `Pack ${id} is not loaded.`);
      return pack;
    },
    isCancelled: () => Atomics.load(cancelFlag, 0) !== 0,
    onProgress: (fraction) => {
      const note: ProgressNote = { garnishProgress: { taskId: task.taskId, fraction } };
      parentPort?.postMessage(note);
    },
  });
}

/** The function piscina calls. */
export default async function work(job: WorkerJob): Promise<WorkerAnswer> {
  try {
    if (job.type === 'warm-up') {
      meetOthers(job.barrier, job.workers);
      for (const pack of (await loadedPacks()).values()) await warmUp(pack);
      return { ok: true };
    }
    return { ok: true, result: await runTask(job.task, new Int32Array(job.cancelFlag)) };
  } catch (error) {
    const kind = error instanceof OperationError ? error.kind : 'internal';
    return { ok: false, kind, message: error instanceof Error ? error.message : String(error) };
  }
}
