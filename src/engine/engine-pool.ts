/**
 * The engine as the jobs see it: one process for each device, each task going to the ready one with
 * the least work. A device asked for by name that does not work stops the start; `auto` takes CUDA
 * when a real inference on it works, else the CPU, and says which.
 */
import { availableParallelism } from 'node:os';
import { internalError, invalidImage, invalidRequest, storageFull } from '../errors.ts';
import { isCudaProviderInstalled } from './cuda-provider.ts';
import { EngineProcess } from './engine-process.ts';
import type { EnginePack, EngineResult, EngineTask, SourceLimits } from './protocol.ts';
import { TaskFailure, type TaskOptions } from './task.ts';

/** What the engine needs. */
export interface EngineOptions {
  /** `auto`, `cpu`, `cuda:N`. */
  readonly devices: readonly string[];
  /** Workers for each device; 0: by the device. */
  readonly workers: number;
  readonly packs: readonly EnginePack[];
  readonly limits: SourceLimits;
  readonly log: (event: string, fields: Record<string, unknown>) => void;
}

/** What one process is doing. */
export interface DeviceState {
  readonly device: string;
  readonly isReady: boolean;
  readonly workers: number;
  readonly pid: number | undefined;
  readonly tasks: number;
  readonly restarts: number;
}

/** How long a task waits for a process that is being replaced. */
const REPLACEMENT_WAIT_MS = 15_000;
const POLL_MS = 50;

/** Runs tasks on the devices. */
export class Engine {
  readonly #options: EngineOptions;
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
   * Run one task; the caller holds one of the slots.
   * @throws ApiError `invalid_image`, `invalid_request`, `storage_full`, `internal_error`; the signal's reason when
   *   it fired.
   */
  async run(task: EngineTask, options: TaskOptions): Promise<EngineResult> {
    const process = await this.#readyProcess(options.signal);
    try {
      return await process.run(task, options);
    } catch (error) {
      if (options.signal.aborted) throw options.signal.reason;
      if (!(error instanceof TaskFailure)) throw error;
      if (error.kind === 'invalid_image') throw invalidImage(error.message);
      if (error.kind === 'invalid_request') throw invalidRequest(error.message);
      if (error.kind === 'storage_full') throw storageFull();
      throw internalError(error);
    }
  }

  /** Let running tasks end, then end the processes. */
  async stop(timeoutMs: number): Promise<void> {
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
    const process = new EngineProcess({
      start: { type: 'start', device, workers, threadsPerWorker: 1, packs, limits },
      log,
    });
    await process.start();
    log('engine-ready', { device, workers, packs: packs.map(({ id }) => id) });
    return { process, workers };
  }

  /** The ready process with the least work; waits a while for one that is being replaced. */
  async #readyProcess(signal: AbortSignal): Promise<EngineProcess> {
    const giveUpMs = performance.now() + REPLACEMENT_WAIT_MS;
    for (;;) {
      signal.throwIfAborted();
      const [least] = this.#processes
        .filter(({ process, workers }) => process.isReady && process.taskCount < workers)
        .sort((a, b) => a.process.taskCount / a.workers - b.process.taskCount / b.workers);
      if (least !== undefined) return least.process;
      if (performance.now() > giveUpMs) {
        throw internalError(new Error('No engine process became ready in time.'));
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}
