/**
 * The engine process: one for each device, a child of the API process. It holds the models and
 * touches untrusted pictures, so that a crash or a leak in native code ends here. It has no keys,
 * no database and no network.
 */
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type { EngineStart, FromEngine, ToEngine } from '../engine/protocol.ts';
import { providerOf } from './provider-choice.ts';
import type { ProgressNote, WorkerAnswer, WorkerJob, WorkerSetup } from './worker.ts';

const CANCELLED = 1;
const isTypeScript = import.meta.url.endsWith('.ts');

function send(message: FromEngine): void {
  if (process.connected) process.send?.(message);
}

/** Ends this process at once. `process.exit` would abort noisily while a worker is in a run. */
function die(): never {
  process.kill(process.pid, 'SIGKILL');
  throw new Error('unreachable');
}

/** The pool and the tasks that are in it. */
class Engine {
  readonly #pool: Piscina<WorkerJob, WorkerAnswer>;
  readonly #workers: number;
  readonly #running = new Map<string, { flag: Int32Array; done: Promise<void> }>();

  constructor(start: EngineStart) {
    const setup: WorkerSetup = {
      choice: providerOf(start.device, start.threadsPerWorker),
      packs: start.packs,
      limits: start.limits,
    };
    this.#workers = start.workers;
    this.#pool = new Piscina({
      filename: fileURLToPath(
        new URL(isTypeScript ? './worker.ts' : './worker.js', import.meta.url),
      ),
      minThreads: start.workers,
      maxThreads: start.workers,
      concurrentTasksPerWorker: 1,
      idleTimeout: Number.POSITIVE_INFINITY,
      workerData: setup,
      ...(isTypeScript ? { execArgv: ['--import', 'tsx'] } : {}),
    });
    this.#pool.on('message', (note: Partial<ProgressNote>) => {
      if (note.garnishProgress !== undefined) send({ type: 'progress', ...note.garnishProgress });
    });
  }

  /** One inference through each worker. @throws Error with the reason when one fails. */
  async warmUp(): Promise<void> {
    const barrier = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
    const job: WorkerJob = { type: 'warm-up', barrier, workers: this.#workers };
    const answers = await Promise.all(
      Array.from({ length: this.#workers }, () => this.#pool.run(job)),
    );
    const failed = answers.find((answer) => !answer.ok);
    if (failed !== undefined && !failed.ok) throw new Error(failed.message);
  }

  run(job: Extract<ToEngine, { type: 'run' }>): void {
    const { task } = job;
    const cancelFlag = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
    const done = this.#pool
      .run({ type: 'task', task, cancelFlag })
      .then((answer) => {
        if (answer.ok && answer.result !== undefined) {
          send({ type: 'done', taskId: task.taskId, result: answer.result });
        } else if (!answer.ok) {
          send({ type: 'failed', taskId: task.taskId, kind: answer.kind, message: answer.message });
        }
      })
      .catch((error: unknown) => {
        const message = error instanceof Error ? error.message : String(error);
        send({ type: 'failed', taskId: task.taskId, kind: 'internal', message });
      })
      .finally(() => this.#running.delete(task.taskId));
    this.#running.set(task.taskId, { flag: new Int32Array(cancelFlag), done });
  }

  cancel(taskId: string): void {
    const running = this.#running.get(taskId);
    if (running !== undefined) Atomics.store(running.flag, 0, CANCELLED);
  }

  /** Waits for its own tasks, not for piscina's close, which returns early with several workers. */
  async drain(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ done }) => done));
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
