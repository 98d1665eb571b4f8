/** One child process as its parent sees it: the start, the messages, what it has in memory, and the end. */
import type { ChildProcess } from 'node:child_process';
import type { EngineStart, FromEngine, ToEngine } from './protocol.ts';
import type { LoadOptions, Residency } from './residency-terms.ts';
import { spawnEngine } from './spawn-engine.ts';
import { TaskFailure } from './task.ts';

/** Messages about tasks. */
export type TaskMessage = Extract<FromEngine, { readonly taskId: string }>;

/** What a child is made with. */
export interface EngineChildOptions {
  readonly device: string;
  readonly log: (event: string, fields: Record<string, unknown>) => void;
  readonly onTask: (message: TaskMessage) => void;
  readonly onResidency: (residency: Residency) => void;
}

type Answer = Extract<FromEngine, { type: 'answer' }>;

const START_TIMEOUT_MS = 180_000;

/** A process that was spawned. */
export class EngineChild {
  readonly #options: EngineChildOptions;
  readonly #process: ChildProcess;
  readonly #requests = new Map<string, (answer: Pick<Answer, 'failure'>) => void>();
  #lastRequest = 0;
  #residency: Residency | undefined;
  #hasHeldPacks = false;

  constructor(options: EngineChildOptions) {
    this.#options = options;
    this.#process = spawnEngine((text) => {
      options.log('engine-stderr', { device: options.device, text });
    });
  }

  /** Process id. */
  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** What it told last. */
  get residency(): Residency | undefined {
    return this.#residency;
  }

  /** Whether a pack was in its memory after its start. */
  get hasHeldPacks(): boolean {
    return this.#hasHeldPacks;
  }

  /** Start and warm up. @param onExit told of its end after that. @throws Error with the reason when it cannot. */
  async start(
    message: EngineStart,
    onExit: (code: number | null, signal: NodeJS.Signals | null) => void,
  ): Promise<void> {
    try {
      await this.#awaitReady(message);
    } catch (error) {
      this.kill();
      throw error;
    }
    this.#process.once('exit', (code, signal) => {
      for (const end of [...this.#requests.values()]) {
        end({ failure: { kind: 'internal', message: 'The engine process ended.' } });
      }
      onExit(code, signal);
    });
  }

  /** Tell it something; nothing when it cannot hear any more. */
  send(message: ToEngine): void {
    if (this.#process.connected) this.#process.send(message);
  }

  /** Bring a pack into its memory. @throws TaskFailure when that is not possible. */
  load(packId: string, options: LoadOptions): Promise<void> {
    return this.#request((requestId) => ({ type: 'load', requestId, packId, options }));
  }

  /** Let it give a pack back. @throws TaskFailure when it ended before. */
  unload(packId: string): Promise<void> {
    return this.#request((requestId) => ({ type: 'unload', requestId, packId }));
  }

  /** End it at once. */
  kill(): void {
    this.#process.kill('SIGKILL');
  }

  /** Let running tasks end, then end it; kill it when that takes too long. */
  async stop(timeoutMs: number): Promise<void> {
    const child = this.#process;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    this.send({ type: 'stop' });
    await exited;
    clearTimeout(timer);
  }

  #request(messageOf: (requestId: string) => ToEngine): Promise<void> {
    this.#lastRequest += 1;
    const requestId = String(this.#lastRequest);
    return new Promise((resolve, reject) => {
      this.#requests.set(requestId, ({ failure }) => {
        this.#requests.delete(requestId);
        if (failure === undefined) resolve();
        else reject(new TaskFailure(failure.kind, failure.message));
      });
      this.send(messageOf(requestId));
    });
  }

  async #awaitReady(start: EngineStart): Promise<void> {
    const child = this.#process;
    const { device } = this.#options;
    let timer: NodeJS.Timeout | undefined;
    const ready = new Promise<void>((resolve, reject) => {
      timer = setTimeout(
        () => reject(new Error(`The engine for ${device} did not start in time.`)),
        START_TIMEOUT_MS,
      );
      // It stays: a message that can no longer be sent must not end this process.
      child.on('error', reject);
      child.once('exit', (code, signal) =>
        reject(new Error(`The engine for ${device} ended while starting (${signal ?? code}).`)),
      );
      child.on('message', (message: FromEngine) => {
        if (message.type === 'ready') {
          resolve();
        } else if (message.type === 'start-failed') {
          reject(new Error(`The engine for ${device} cannot start: ${message.reason}`));
        } else {
          this.#onMessage(message);
        }
      });
      this.send(start);
    });
    try {
      await ready;
    } finally {
      clearTimeout(timer);
    }
  }

  #onMessage(message: Exclude<FromEngine, { type: 'ready' | 'start-failed' }>): void {
    switch (message.type) {
      case 'residency':
        this.#residency = message.residency;
        this.#hasHeldPacks ||= message.residency.packs.length > 0;
        this.#options.onResidency(message.residency);
        return;
      case 'answer':
        this.#requests.get(message.requestId)?.(message);
        return;
      case 'event':
        this.#options.log(message.event, { device: this.#options.device, ...message.fields });
        return;
      case 'began':
      case 'progress':
      case 'done':
      case 'failed':
        this.#options.onTask(message);
        return;
      default:
        message satisfies never;
    }
  }
}
