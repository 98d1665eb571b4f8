/**
 * The parent's side of one engine process: start it, give it tasks, cancel them, and replace it when
 * it dies or does not stop in time. A dead process costs the tasks that were in it and nothing else.
 */
import type { ChildProcess } from 'node:child_process';
import type { EngineResult, EngineStart, EngineTask, FromEngine, ToEngine } from './protocol.ts';
import { spawnEngine } from './spawn-engine.ts';
import { TaskFailure, type TaskOptions } from './task.ts';

/** What the process needs. */
export interface EngineProcessOptions {
  readonly start: EngineStart;
  readonly log: (event: string, fields: Record<string, unknown>) => void;
  /** Time a cancelled task gets to reach its next step before the process is killed; default 5 s. */
  readonly cancelGraceMs?: number;
}

interface PendingTask {
  isLate: boolean;
  readonly resolve: (result: EngineResult) => void;
  readonly reject: (error: TaskFailure) => void;
  readonly onProgress: ((fraction: number) => void) | undefined;
}

const START_TIMEOUT_MS = 180_000;
const CANCEL_GRACE_MS = 5_000;
const MAX_BACK_OFF_MS = 30_000;
const FIRST_BACK_OFF_MS = 250;

/** One engine process and its successors. */
export class EngineProcess {
  readonly #options: EngineProcessOptions;
  readonly #pending = new Map<string, PendingTask>();
  #child: ChildProcess | undefined;
  #isReady = false;
  #isStopping = false;
  #restarts = 0;
  #backOffMs = FIRST_BACK_OFF_MS;

  constructor(options: EngineProcessOptions) {
    this.#options = options;
  }

  /** Device it was started for. */
  get device(): string {
    return this.#options.start.device;
  }

  /** Whether it has warmed up and can take tasks. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Tasks in it. */
  get taskCount(): number {
    return this.#pending.size;
  }

  /** How often it had to be replaced. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Process id, while it lives. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Start and warm up. @throws Error with the reason when it cannot. */
  async start(): Promise<void> {
    const child = spawnEngine((text) => {
      this.#options.log('engine-stderr', { device: this.device, text });
    });
    this.#child = child;
    try {
      await this.#awaitReady(child);
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
    this.#isReady = true;
    child.once('exit', (code, signal) => this.#onExit(code, signal));
  }

  /**
   * Run one task.
   * @throws TaskFailure `cancelled` when the signal fired, `internal` when the deadline passed or the
   *   process died or takes none, and whatever kind the engine gave.
   */
  run(task: EngineTask, options: TaskOptions): Promise<EngineResult> {
    const { signal, deadlineMs, onProgress } = options;
    if (signal.aborted) return Promise.reject(new TaskFailure('cancelled', 'Cancelled.'));
    if (!this.#isReady || this.#isStopping) {
      return Promise.reject(new TaskFailure('internal', 'The engine process takes no tasks now.'));
    }
    return new Promise<EngineResult>((resolve, reject) => {
      const stop = () => this.#cancel(task.taskId);
      const deadline = setTimeout(() => {
        this.#options.log('engine-deadline', { taskId: task.taskId });
        pending.isLate = true;
        stop();
      }, deadlineMs);
      const settle = () => {
        clearTimeout(deadline);
        signal.removeEventListener('abort', stop);
        this.#pending.delete(task.taskId);
      };
      const pending: PendingTask = {
        isLate: false,
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
      this.#pending.set(task.taskId, pending);
      signal.addEventListener('abort', stop, { once: true });
      this.#send({ type: 'run', task });
    });
  }

  /** Let running tasks end, then end the process; kill it when that takes too long. */
  async stop(timeoutMs: number): Promise<void> {
    this.#isStopping = true;
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    this.#send({ type: 'stop' });
    await exited;
    clearTimeout(timer);
  }

  async #awaitReady(child: ChildProcess): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const ready = new Promise<void>((resolve, reject) => {
      timer = setTimeout(
        () => reject(new Error(`The engine for ${this.device} did not start in time.`)),
        START_TIMEOUT_MS,
      );
      // It stays: a message that can no longer be sent must not end this process.
      child.on('error', reject);
      child.once('exit', (code, signal) =>
        reject(
          new Error(`The engine for ${this.device} ended while starting (${signal ?? code}).`),
        ),
      );
      child.on('message', (message: FromEngine) => {
        if (message.type === 'ready') {
          resolve();
        } else if (message.type === 'start-failed') {
          reject(new Error(`The engine for ${this.device} cannot start: ${message.reason}`));
        } else {
          this.#onMessage(message);
        }
      });
      this.#send(this.#options.start);
    });
    try {
      await ready;
    } finally {
      clearTimeout(timer);
    }
  }

  #onMessage(message: Exclude<FromEngine, { type: 'ready' | 'start-failed' }>): void {
    const pending = this.#pending.get(message.taskId);
    switch (message.type) {
      case 'progress':
        pending?.onProgress?.(message.fraction);
        return;
      case 'done':
        this.#backOffMs = FIRST_BACK_OFF_MS; // it works, so a later death is a new trouble
        pending?.resolve(message.result);
        return;
      case 'failed':
        pending?.reject(new TaskFailure(message.kind, message.message));
        return;
      default:
        message satisfies never;
    }
  }

  #send(message: ToEngine): void {
    if (this.#child?.connected === true) this.#child.send(message);
  }

  /** Ask a task to stop; when it does not in time, the process may have to go. */
  #cancel(taskId: string): void {
    this.#send({ type: 'cancel', taskId });
    this.#killSoon(taskId, this.#child);
  }

  /**
   * A task without a caller must not cost others theirs: steps may take longer than the grace, so
   * the process is killed only when it has no other task, or when this one is past its deadline.
   */
  #killSoon(taskId: string, child: ChildProcess | undefined): void {
    setTimeout(() => {
      const pending = this.#pending.get(taskId);
      if (pending === undefined || child !== this.#child) return;
      if (this.#pending.size > 1 && !pending.isLate) {
        this.#killSoon(taskId, child);
        return;
      }
      this.#options.log('engine-killed', { device: this.device, taskId });
      child?.kill('SIGKILL');
    }, this.#options.cancelGraceMs ?? CANCEL_GRACE_MS).unref();
  }

  #onExit(code: number | null, signal: NodeJS.Signals | null): void {
    this.#isReady = false;
    // It had warmed up, so a task killed it: a longer pause would punish the callers of others.
    if (this.#pending.size > 0) this.#backOffMs = FIRST_BACK_OFF_MS;
    const reason = `The engine process ended (${signal ?? code}).`;
    for (const pending of [...this.#pending.values()]) {
      pending.reject(new TaskFailure('internal', reason));
    }
    if (this.#isStopping) return;
    this.#restarts += 1;
    this.#options.log('engine-ended', { device: this.device, code, signal });
    this.#restartSoon();
  }

  #restartSoon(): void {
    const waitMs = this.#backOffMs;
    this.#backOffMs = Math.min(MAX_BACK_OFF_MS, waitMs * 2);
    setTimeout(() => {
      if (this.#isStopping) return;
      this.start().catch((error: unknown) => {
        if (this.#isStopping) return;
        this.#options.log('engine-restart-failed', { device: this.device, error: String(error) });
        this.#restartSoon();
      });
    }, waitMs).unref();
  }
}
