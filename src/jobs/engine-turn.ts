/** One free task of the engine: it waits for a slot like any job, so that it never takes one from a paid job. */
import type { Engine } from '../engine/engine-pool.ts';
import type { EngineResult, EngineTask } from '../engine/protocol.ts';
import type { FairQueue } from './fair-queue.ts';

/** Where free tasks run. */
export interface EngineTurnParts {
  readonly queue: FairQueue;
  readonly engine: Pick<Engine, 'run'>;
  /** Milliseconds a task may take, the wait for its slot included. */
  readonly deadlineMs: number;
}

/**
 * Wait for a slot, run a task, give the slot back.
 * @throws ApiError of the engine; the signal's reason when it fired.
 */
export async function runInTurn(
  { queue, engine, deadlineMs }: EngineTurnParts,
  accountId: string,
  task: EngineTask,
  caller: AbortSignal,
): Promise<EngineResult> {
  const signal = AbortSignal.any([caller, AbortSignal.timeout(deadlineMs)]);
  const turn = { accountId, jobId: task.taskId, priority: 'interactive' as const };
  const release = await queue.acquire(turn, signal);
  try {
    return await engine.run(task, { signal, deadlineMs });
  } finally {
    release();
  }
}
