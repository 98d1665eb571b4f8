/** The tasks that are in an engine process: their callers, deadlines and signals. */
import type { TaskMessage } from './engine-child.ts';
import type { EngineResult } from './protocol.ts';
import { TaskFailure, type TaskOptions } from './task.ts';

/** One of them. */
export interface PendingTask {
  /** Whether it is past its deadline. */
  isLate: boolean;
  /** Whether its packs are there: a load cannot be stopped. */
  hasBegun: boolean;
  readonly resolve: (result: EngineResult) => void;
  readonly reject: (error: TaskFailure) => void;
  readonly onProgress: ((fraction: number) => void) | undefined;
}

/** What may have to be done about a task. */
export interface TaskWatch {
  /** The deadline has passed; `stop` follows. */
  readonly onLate: () => void;
  /** The task is to stop. */
  readonly stop: () => void;
}

/** Tasks by their id. */
export class PendingTasks {
  readonly #tasks = new Map<string, PendingTask>();

  /** How many there are. */
  get size(): number {
    return this.#tasks.size;
  }

  /** A task that has not ended. */
  get(taskId: string): PendingTask | undefined {
    return this.#tasks.get(taskId);
  }

  /**
   * Await the end of a task.
   * @throws TaskFailure as it failed; `internal` when its deadline passed.
   */
  await(taskId: string, options: TaskOptions, { onLate, stop }: TaskWatch): Promise<EngineResult> {
    const { signal, deadlineMs, onProgress } = options;
    return new Promise<EngineResult>((resolve, reject) => {
      const deadline = setTimeout(() => {
        onLate();
        pending.isLate = true;
        stop();
      }, deadlineMs);
      const settle = () => {
        clearTimeout(deadline);
        signal.removeEventListener('abort', stop);
        this.#tasks.delete(taskId);
      };
      const pending: PendingTask = {
        isLate: false,
        hasBegun: false,
        onProgress,
        resolve: (result) => {
          settle();
          resolve(result);
        },
        reject: (error) => {
          settle();
          const late = new TaskFailure('internal', `It took longer than ${deadlineMs} ms.`);
          reject(pending.isLate ? late : error);
        },
      };
      this.#tasks.set(taskId, pending);
      signal.addEventListener('abort', stop, { once: true });
    });
  }

  /** Pass on what the process says of a task. */
  hear(message: TaskMessage): void {
    const pending = this.#tasks.get(message.taskId);
    switch (message.type) {
      case 'began':
        if (pending !== undefined) pending.hasBegun = true;
        return;
      case 'progress':
        pending?.onProgress?.(message.fraction);
        return;
      case 'done':
        pending?.resolve(message.result);
        return;
      case 'failed':
        pending?.reject(new TaskFailure(message.kind, message.message));
        return;
      default:
        message satisfies never;
    }
  }

  /** Fail every one of them. */
  failAll(reason: string): void {
    for (const pending of [...this.#tasks.values()]) {
      pending.reject(new TaskFailure('internal', reason));
    }
  }
}
