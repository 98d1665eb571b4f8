/**
 * The parent's side of one engine process: start it, give it tasks, cancel them, and replace it when
 * it dies or does not stop in time. A dead process costs the tasks that were in it and nothing else.
 * One that has given its last pack back is replaced too, while idle, because only so its memory returns.
 */
import { EngineChild, type TaskMessage } from './engine-child.ts';
import { PendingTasks } from './pending-tasks.ts';
import type { EngineResult, EngineStart, EngineTask } from './protocol.ts';
import { isWorthReplacing } from './recycling.ts';
import type { LoadOptions, Residency } from './residency-terms.ts';
import { TaskFailure, type TaskOptions } from './task.ts';

/** What the process needs. */
export interface EngineProcessOptions {
  readonly start: EngineStart;
  readonly log: (event: string, fields: Record<string, unknown>) => void;
  /** Time a cancelled task gets to reach its next step before the process is killed; default 5 s. */
  readonly cancelGraceMs?: number;
  /** How long a process without packs stays idle before it is replaced; default 2 s. */
  readonly recycleAfterMs?: number;
  /** MiB above those of a fresh process that it may keep without packs; default 64, or a quarter. */
  readonly leftOverMib?: number;
}

const CANCEL_GRACE_MS = 5_000;
const MAX_BACK_OFF_MS = 30_000;
const FIRST_BACK_OFF_MS = 250;
const RECYCLE_AFTER_MS = 2_000;
const RETIRE_MS = 10_000;

/** One engine process and its successors. */
export class EngineProcess {
  readonly #options: EngineProcessOptions;
  readonly #pending = new PendingTasks();
  #child: EngineChild | undefined;
  /** Starts while the child it will replace still serves. */
  #successor: EngineChild | undefined;
  #isReady = false;
  #isStopping = false;
  #restarts = 0;
  #recycles = 0;
  #backOffMs = FIRST_BACK_OFF_MS;
  #recycling: NodeJS.Timeout | undefined;

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

  /** How often it was replaced to give memory back. */
  get recycles(): number {
    return this.#recycles;
  }

  /** Process id, while it lives. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** What it has in memory, as it told last; undefined before its start. */
  get residency(): Residency | undefined {
    return this.#child?.residency;
  }

  /** Start and warm up. @throws Error with the reason when it cannot. */
  async start(): Promise<void> {
    const child = this.#newChild();
    this.#child = child;
    await child.start(this.#options.start, (code, signal) => this.#onExit(child, code, signal));
    this.#isReady = true;
  }

  /** Bring a pack into memory. @throws TaskFailure when that is not possible. */
  async load(packId: string, options: LoadOptions): Promise<void> {
    await this.#serving().load(packId, options);
  }

  /** Give a pack back. @throws TaskFailure when the process ended before. */
  async unload(packId: string): Promise<void> {
    await this.#serving().unload(packId);
  }

  /**
   * Run one task.
   * @throws TaskFailure `cancelled` when the signal fired, `internal` when the deadline passed or the
   *   process died or takes none, and whatever kind the engine gave.
   */
  run(task: EngineTask, options: TaskOptions): Promise<EngineResult> {
    if (options.signal.aborted) return Promise.reject(new TaskFailure('cancelled', 'Cancelled.'));
    if (!this.#isReady || this.#isStopping) {
      return Promise.reject(new TaskFailure('internal', 'The engine process takes no tasks now.'));
    }
    const { taskId } = task;
    const ended = this.#pending.await(taskId, options, {
      onLate: () => this.#options.log('engine-deadline', { taskId }),
      stop: () => this.#cancel(taskId),
    });
    this.#child?.send({ type: 'run', task });
    return ended;
  }

  /** Let running tasks end, then end the process; kill it when that takes too long. */
  async stop(timeoutMs: number): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#recycling);
    this.#successor?.kill();
    await this.#child?.stop(timeoutMs);
  }

  #newChild(): EngineChild {
    const child: EngineChild = new EngineChild({
      device: this.device,
      log: this.#options.log,
      onTask: (message) => this.#onTask(message),
      onResidency: () => {
        if (child === this.#child) this.#recycleSoon();
      },
    });
    return child;
  }

  #serving(): EngineChild {
    if (this.#child === undefined || !this.#isReady || this.#isStopping) {
      throw new TaskFailure('internal', 'The engine process takes nothing on now.');
    }
    return this.#child;
  }

  #onTask(message: TaskMessage): void {
    if (message.type === 'done') this.#backOffMs = FIRST_BACK_OFF_MS; // it works: a later death is a new trouble
    this.#pending.hear(message);
  }

  /** Ask a task to stop; when it does not in time, the process may have to go. */
  #cancel(taskId: string): void {
    this.#child?.send({ type: 'cancel', taskId });
    this.#killSoon(taskId, this.#child);
  }

  /**
   * A task without a caller must not cost others theirs: steps may take longer than the grace, and loading
   * a pack may, so the process is killed only when it has no other task and this one is at work, or when it is
   * past its deadline.
   */
  #killSoon(taskId: string, child: EngineChild | undefined): void {
    setTimeout(() => {
      const pending = this.#pending.get(taskId);
      if (pending === undefined || child !== this.#child) return;
      if ((this.#pending.size > 1 || !pending.hasBegun) && !pending.isLate) {
        this.#killSoon(taskId, child);
        return;
      }
      this.#options.log('engine-killed', { device: this.device, taskId });
      child?.kill();
    }, this.#options.cancelGraceMs ?? CANCEL_GRACE_MS).unref();
  }

  #onExit(child: EngineChild, code: number | null, signal: NodeJS.Signals | null): void {
    if (child !== this.#child) return; // it was replaced
    this.#isReady = false;
    // It had warmed up, so a task killed it: a longer pause would punish the callers of others.
    if (this.#pending.size > 0) this.#backOffMs = FIRST_BACK_OFF_MS;
    const reason = `The engine process ended (${signal ?? code}).`;
    this.#pending.failAll(reason);
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

  #recycleSoon(): void {
    clearTimeout(this.#recycling);
    if (!this.#isSpent()) return;
    this.#recycling = setTimeout(() => {
      if (!this.#isSpent() || this.#successor !== undefined) return;
      this.#recycle().catch((error: unknown) => {
        if (this.#isStopping) return;
        this.#options.log('engine-recycle-failed', { device: this.device, error: String(error) });
      });
    }, this.#options.recycleAfterMs ?? RECYCLE_AFTER_MS).unref();
  }

  /** Whether the child serves, has nothing to do, and holds memory without a pack. */
  #isSpent(): boolean {
    const child = this.#child;
    if (child?.residency === undefined || !child.hasHeldPacks) return false;
    const isIdle = this.#isReady && !this.#isStopping && this.#pending.size === 0;
    return isIdle && isWorthReplacing(child.residency, this.#options.leftOverMib);
  }

  /** Start a fresh child beside the spent one, and change over if that still has nothing to do. */
  async #recycle(): Promise<void> {
    const { start, log } = this.#options;
    const spent = this.#child;
    const measuredMib = { ...spent?.residency?.measuredMib };
    const child = this.#newChild();
    this.#successor = child;
    try {
      const residency = { ...start.residency, measuredMib, isSuccessor: true };
      await child.start({ ...start, residency }, (code, signal) =>
        this.#onExit(child, code, signal),
      );
    } finally {
      this.#successor = undefined;
    }
    if (this.#child !== spent || !this.#isSpent()) return child.stop(RETIRE_MS);
    this.#child = child;
    this.#recycles += 1;
    const rssMib = [spent, child].map((one) => Math.round(one?.residency?.rssMib ?? 0));
    log('engine-recycled', { device: this.device, rssMib });
    await spent?.stop(RETIRE_MS);
  }
}
