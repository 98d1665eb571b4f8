/**
 * The engine process: one for each device, a child of the API process. It holds the models and
 * touches untrusted pictures, so that a crash or a leak in native code ends here. It has no keys,
 * no database and no network.
 */
import type { EngineStart, EngineTask, FromEngine, ToEngine } from '../engine/protocol.ts';
import { Dispatcher, type Work } from './dispatcher.ts';
import { Lane } from './lane.ts';
import { PackMover } from './pack-mover.ts';
import { providerOf } from './provider-choice.ts';
import { Residents } from './residents.ts';
import { loadAtStart } from './start-packs.ts';
import type { WorkerFailure, WorkerNote } from './worker.ts';

const CANCELLED = 1;

function send(message: FromEngine): void {
  if (process.connected) process.send?.(message);
}

/** Ends this process at once. `process.exit` would abort noisily while a worker is in a run. */
function die(): never {
  process.kill(process.pid, 'SIGKILL');
  throw new Error('unreachable');
}

interface RunningTask {
  readonly work: Work;
  readonly flag: Int32Array;
  progress: number;
}

/** Packs of a task: its own, the one that finds the dish, and the one that enlarges. */
function packsOf({ packId, operation }: EngineTask): readonly string[] {
  const segmenterId = 'segmenterId' in operation ? operation.segmenterId : undefined;
  const upscalerId = 'upscalerId' in operation ? operation.upscalerId : undefined;
  return [packId, segmenterId, upscalerId].filter((id) => id !== undefined);
}

/** The lanes and the tasks that are in them. */
class Engine {
  readonly #start: EngineStart;
  readonly #lanes: readonly Lane[];
  readonly #residents: Residents;
  readonly #mover: PackMover;
  readonly #dispatcher: Dispatcher;
  readonly #running = new Map<string, RunningTask>();

  constructor(start: EngineStart) {
    const { device, packs, limits, threadsPerWorker, workers } = start;
    const setup = { choice: providerOf(device, threadsPerWorker), packs, limits };
    this.#start = start;
    this.#lanes = Array.from(
      { length: workers },
      (_, number) => new Lane(number, setup, (note) => this.#onNote(note)),
    );
    this.#residents = new Residents(start, this.#lanes);
    this.#mover = new PackMover(device, this.#lanes, this.#residents);
    this.#dispatcher = new Dispatcher({
      lanes: this.#lanes,
      residents: this.#residents,
      mover: this.#mover,
      onChanged: () => this.#tell(),
    });
  }

  /** Load what the settings name. @throws Error with the reason when the device cannot work. */
  async warmUp(): Promise<void> {
    await loadAtStart({
      start: this.#start,
      lanes: this.#lanes,
      residents: this.#residents,
      mover: this.#mover,
      send,
    });
    this.#tell();
    this.#dispatcher.attend();
  }

  run({ task }: Extract<ToEngine, { type: 'run' }>): void {
    const cancelFlag = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
    const { taskId } = task;
    const packIds = packsOf(task);
    const tried: string[] = [];
    const work: Work = {
      packIds,
      perform: async (lane) => {
        send({ type: 'began', taskId });
        const answer = await lane.run({ type: 'task', task, cancelFlag });
        this.#residents.used(lane, packIds);
        tried.push(...(answer.tried ?? []));
        if (!answer.ok) return answer;
        if (answer.result !== undefined) send({ type: 'done', taskId, result: answer.result });
        return undefined;
      },
      end: (failure) => {
        this.#running.delete(taskId);
        if (tried.length > 0) this.#report({ taskId, packIds, tried, isServed: !failure });
        if (failure === undefined) return;
        const { kind, message } = failure;
        send({ type: 'failed', taskId, kind, message });
      },
      onShortage: (what) => tried.push(what),
    };
    this.#running.set(taskId, { work, flag: new Int32Array(cancelFlag), progress: 0 });
    this.#dispatcher.add(work);
  }

  /** Stop a task: between two of its steps, or before it has begun. */
  cancel(taskId: string): void {
    const running = this.#running.get(taskId);
    if (running === undefined) return;
    Atomics.store(running.flag, 0, CANCELLED);
    if (this.#dispatcher.remove(running.work)) {
      running.work.end({ kind: 'cancelled', message: 'The task was cancelled.' });
    }
  }

  /** Bring a pack into memory: one lane has it then. */
  load({ requestId, packId, options }: Extract<ToEngine, { type: 'load' }>): void {
    this.#dispatcher.add({
      packIds: [packId],
      perform: () => {
        this.#residents.wish(packId, options);
        return Promise.resolve(undefined);
      },
      end: (failure) => this.#answer(requestId, failure),
      onShortage: (tried) => this.#report({ packIds: [packId], tried: [tried] }),
    });
  }

  /** Give a pack back wherever it is. */
  unload({ requestId, packId }: Extract<ToEngine, { type: 'unload' }>): void {
    this.#dispatcher.unload(packId, () => this.#answer(requestId));
  }

  /** Waits until nothing is at work: piscina's own close returns early, and an exit would abort a run. */
  async drain(): Promise<void> {
    await this.#dispatcher.drain();
  }

  #tell(): void {
    send({ type: 'residency', residency: this.#residents.state });
  }

  #answer(requestId: string, failure?: WorkerFailure): void {
    this.#tell();
    send({ type: 'answer', requestId, ...(failure === undefined ? {} : { failure }) });
  }

  #report(fields: Readonly<Record<string, unknown>>): void {
    send({ type: 'event', event: 'out-of-memory', fields });
  }

  #onNote({ garnishProgress }: WorkerNote): void {
    if (garnishProgress === undefined) return;
    const { taskId, fraction } = garnishProgress;
    const running = this.#running.get(taskId);
    // A task that begins again is silent until it is where it was.
    if (running === undefined || fraction <= running.progress) return;
    running.progress = fraction;
    send({ type: 'progress', taskId, fraction });
  }
}

let engine: Engine | undefined;
let isWarm = false;

async function start(message: EngineStart): Promise<void> {
  try {
    engine = new Engine(message);
    await engine.warmUp();
    isWarm = true;
    send({ type: 'ready', provider: message.device, workers: message.workers });
  } catch (error) {
    send({ type: 'start-failed', reason: error instanceof Error ? error.message : String(error) });
  }
}

async function stop(): Promise<void> {
  if (engine !== undefined && !isWarm) die(); // its workers are in a run that nothing can end
  await engine?.drain();
  process.disconnect();
  process.exit(0); // no run is in progress now, so this is clean
}

process.on('message', (message: ToEngine) => {
  switch (message.type) {
    case 'start':
      void start(message);
      return;
    case 'run':
      engine?.run(message);
      return;
    case 'cancel':
      engine?.cancel(message.taskId);
      return;
    case 'load':
      engine?.load(message);
      return;
    case 'unload':
      engine?.unload(message);
      return;
    case 'stop':
      void stop();
      return;
    default:
      message satisfies never;
  }
});

// The API process decides when to stop: a Ctrl-C in the terminal reaches this process too.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.on('disconnect', die);
process.on('uncaughtException', (error) => {
  process.stderr.write(`engine: ${error.stack ?? error.message}\n`);
  die();
});
