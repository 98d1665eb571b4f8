/**
 * The engine as the jobs see it: one process for each device, each task going to a ready one that has its
 * pack, and among those to the one with the least work. A device asked for by name that does not work stops the start; `auto` takes CUDA
 * when a real inference on it works, else the CPU, and says which.
 */
import { availableParallelism } from 'node:os';
import {
  type ApiError,
  internalError,
  invalidImage,
  invalidRequest,
  modelUnavailable,
  noEngine,
  outOfMemory,
  shuttingDown,
  storageFull,
} from '../errors.ts';
import { isCudaProviderInstalled } from './cuda-provider.ts';
import { EngineProcess } from './engine-process.ts';
import { memoryBudget } from './memory-budget.ts';
import type { EnginePack, EngineResult, EngineTask, SourceLimits } from './protocol.ts';
import type { LoadOptions, Residency, ResidencySettings } from './residency-terms.ts';
import { TaskFailure, type TaskOptions } from './task.ts';

/** What the engine needs. */
export interface EngineOptions {
  /** `auto`, `cpu`, `cuda:N`. */
  readonly devices: readonly string[];
  /** Workers for each device; 0: by the device. */
  readonly workers: number;
  readonly packs: readonly EnginePack[];
  readonly limits: SourceLimits;
  /** How packs share memory; a budget that is absent is found out for each device. */
  readonly residency?: ResidencySettings;
  readonly log: (event: string, fields: Record<string, unknown>) => void;
  /** How long a task waits while no process is ready, because each is being replaced; default 120 s. */
  readonly replacementWaitMs?: number;
}

/** What one process is doing. */
export interface DeviceState {
  readonly device: string;
  readonly isReady: boolean;
  readonly workers: number;
  readonly pid: number | undefined;
  readonly tasks: number;
  readonly restarts: number;
  /** How often it was replaced to give memory back. */
  readonly recycles: number;
}

/** What the packs of one device are up to. */
export interface DeviceResidency {
  readonly device: string;
  readonly pid: number | undefined;
  /** Undefined while the process starts. */
  readonly residency: Residency | undefined;
}

const REPLACEMENT_WAIT_MS = 120_000;
/** The longest pause before a process is started again. */
const OUTAGE_RETRY_S = 30;
/** By then other tasks have ended, or packs have gone whose time was up. */
const OUT_OF_MEMORY_RETRY_S = 60;
const POLL_MS = 50;

/** What the caller is told; the log is told which pack it was. */
function publicError(failure: TaskFailure, { operation, packId }: EngineTask): ApiError {
  if (failure.kind === 'invalid_image') return invalidImage(failure.message);
  if (failure.kind === 'invalid_request') return invalidRequest(failure.message);
  if (failure.kind === 'storage_full') return storageFull();
  if (failure.kind === 'no_room') {
    return modelUnavailable('This model needs more memory than this server gives it.', failure);
  }
  const what = `${operation.operation} with ${packId ?? 'no pack'} failed`;
  const cause = new Error(`${what}: ${failure.message}`, { cause: failure });
  return failure.kind === 'out_of_memory'
    ? outOfMemory(OUT_OF_MEMORY_RETRY_S, cause)
    : internalError(cause);
}

/** Runs tasks on the devices. */
export class Engine {
  readonly #options: EngineOptions;
  #isStopping = false;
  #processes: readonly { readonly process: EngineProcess; readonly workers: number }[] = [];

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  /** Tasks that can run at once. */
  get slots(): number {
    return this.#processes.reduce((sum, { workers }) => sum + workers, 0);
  }

  /** Whether every process has warmed up. */
  get isReady(): boolean {
    return this.#processes.length > 0 && this.#processes.every(({ process }) => process.isReady);
  }

  /** What the processes are doing. */
  get state(): readonly DeviceState[] {
    return this.#processes.map(({ process, workers }) => ({
      device: process.device,
      isReady: process.isReady,
      workers,
      pid: process.pid,
      tasks: process.taskCount,
      restarts: process.restarts,
      recycles: process.recycles,
    }));
  }

  /** Start every process. @throws Error with the reason when a device that was named does not work. */
  async start(): Promise<void> {
    const started = [];
    try {
      for (const device of this.#options.devices) {
        started.push(device === 'auto' ? await this.#startAuto() : await this.#startDevice(device));
      }
    } catch (error) {
      await Promise.all(started.map(({ process }) => process.stop(0)));
      throw error;
    }
    this.#processes = started;
  }

  /**
   * Run one task, as soon as a worker is free; the caller holds one of the slots.
   * @throws ApiError `invalid_image`, `invalid_request`, `storage_full`, `internal_error`,
   *   `shutting_down`, `overloaded` when no process became ready or memory ran out, `model_unavailable` when
   *   the pack never fits; the signal's reason when it fired.
   */
  async run(task: EngineTask, options: TaskOptions): Promise<EngineResult> {
    const giveUpMs = performance.now() + options.deadlineMs;
    const maxOutMs = this.#options.replacementWaitMs ?? REPLACEMENT_WAIT_MS;
    let process = this.#freeProcess(task);
    // Nothing is awaited between the choice and the run: two callers would get the same worker.
    for (let outMs = 0; process === undefined; process = this.#freeProcess(task)) {
      options.signal.throwIfAborted();
      if (this.#isStopping) throw shuttingDown();
      outMs = this.#processes.some((one) => one.process.isReady) ? 0 : outMs + POLL_MS;
      if (outMs > maxOutMs) throw noEngine(OUTAGE_RETRY_S);
      if (performance.now() > giveUpMs) {
        throw internalError(new Error('No worker became free in time.'));
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    try {
      return await process.run(task, options);
    } catch (error) {
      if (options.signal.aborted) throw options.signal.reason;
      throw error instanceof TaskFailure ? publicError(error, task) : error;
    }
  }

  /** What is in memory on each device. */
  get residencies(): readonly DeviceResidency[] {
    return this.#processes.map(({ process: { device, pid, residency } }) => ({
      ...{ device, pid, residency },
    }));
  }

  /** Bring a pack into memory on every device. @throws TaskFailure when one of them cannot. */
  async load(packId: string, options: LoadOptions): Promise<void> {
    await Promise.all(this.#processes.map(({ process }) => process.load(packId, options)));
  }

  /** Give a pack back on every device, when the tasks that use it have ended. @throws TaskFailure */
  async unload(packId: string): Promise<void> {
    await Promise.all(this.#processes.map(({ process }) => process.unload(packId)));
  }

  /** Let running tasks end, then end the processes. */
  async stop(timeoutMs: number): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#processes.map(({ process }) => process.stop(timeoutMs)));
  }

  async #startAuto() {
    if (!isCudaProviderInstalled()) {
      this.#options.log('engine-auto', {
        device: 'cpu',
        cudaRefused: 'the CUDA provider is not installed',
      });
      return this.#startDevice('cpu');
    }
    try {
      return await this.#startDevice('cuda:0');
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#options.log('engine-auto', { device: 'cpu', cudaRefused: reason });
      return this.#startDevice('cpu');
    }
  }

  async #startDevice(device: string) {
    const { packs, limits, log } = this.#options;
    const isCpu = device === 'cpu';
    const workers = this.#options.workers || (isCpu ? availableParallelism() : 1);
    const residency = await this.#residencyOn(device);
    const process = new EngineProcess({
      start: { type: 'start', device, workers, threadsPerWorker: 1, packs, limits, residency },
      log,
    });
    await process.start();
    log('engine-ready', { device, workers, packs: packs.map(({ id }) => id) });
    return { process, workers };
  }

  async #residencyOn(device: string): Promise<ResidencySettings> {
    const { residency = {}, devices } = this.#options;
    const sharing = Math.max(1, devices.filter((one) => one === device).length);
    if (residency.budgetMib !== undefined) {
      return { ...residency, budgetMib: residency.budgetMib / sharing, isBudgetStrict: true };
    }
    const budgetMib = await memoryBudget(device, sharing);
    return budgetMib === undefined ? residency : { ...residency, budgetMib };
  }

  /** A ready process with a free worker: one that has the pack, and the least work. */
  #freeProcess({ packId }: EngineTask): EngineProcess | undefined {
    if (this.#isStopping) return undefined;
    const lacks = ({ residency }: EngineProcess): number =>
      packId === undefined || residency?.packs.some((pack) => pack.packId === packId) ? 0 : 1;
    const [best] = this.#processes
      .filter(({ process, workers }) => process.isReady && process.taskCount < workers)
      .sort(
        (a, b) =>
          lacks(a.process) - lacks(b.process) ||
          a.process.taskCount / a.workers - b.process.taskCount / b.workers,
      );
    return best?.process;
  }
}
