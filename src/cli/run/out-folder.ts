/**
 * The folder for results: held by one run at a time, and written so that a name is either a whole
 * result or not there. Unfinished copies lie in `.garnish-run/`, which the next run empties.
 */
import { createHash } from 'node:crypto';
import {
  createReadStream,
  createWriteStream,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { mkdir, rm, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { moveDurably } from '../../results/durable-file.ts';
import { UsageError } from './usage-error.ts';

const holderShape = z.object({ pid: z.int(), host: z.string(), dataDir: z.string() });
/** Beginning of the names of the data folders of runs. */
export const DATA_DIR_PREFIX = 'garnish-run-';

type Holder = z.infer<typeof holderShape>;

/** How often the holder says that it is there, and how long it is believed. */
const BEAT_MS = 10_000;
const BELIEVED_MS = 60_000;

/** Whether a process of this machine is there; of another machine nobody can tell. */
function mayBeAlive({ pid, host }: Holder): boolean {
  if (host !== hostname()) return true;
  if (pid === process.pid) return false; // a container that was started again
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Who holds a folder or held it last; undefined when the lock is not there or was cut off. */
function readHolder(lock: string): (Holder & { readonly isAlive: boolean }) | undefined {
  try {
    const holder = holderShape.parse(JSON.parse(readFileSync(lock, 'utf8')));
    const isRecent = Date.now() - statSync(lock).mtimeMs < BELIEVED_MS;
    return { ...holder, isAlive: isRecent && mayBeAlive(holder) };
  } catch {
    return undefined;
  }
}

/** A result at its place. */
export interface Delivered {
  /** Path below the folder. */
  readonly output: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** The folder for results of the run that holds it. */
export class OutFolder {
  readonly path: string;
  readonly #work: string;
  #copies = 0;
  #beat: NodeJS.Timeout | undefined;

  private constructor(path: string) {
    this.path = path;
    this.#work = join(path, '.garnish-run');
  }

  /**
   * Make the folder and hold it.
   * @param dataDir Where this run keeps its books; deleted by the next run should this one be killed.
   * @throws UsageError when another run holds it.
   */
  static async hold(path: string, dataDir: string): Promise<OutFolder> {
    const folder = new OutFolder(path);
    await mkdir(folder.#work, { recursive: true });
    const lock = join(folder.#work, 'lock');
    const holder = readHolder(lock);
    if (holder?.isAlive === true) {
      throw new UsageError(
        `Another run (process ${holder.pid} on ${holder.host}) writes to ${path}. ` +
          `If there is none, delete ${lock}.`,
      );
    }
    if (holder !== undefined && basename(holder.dataDir).startsWith(DATA_DIR_PREFIX)) {
      rmSync(holder.dataDir, { recursive: true, force: true });
    }
    rmSync(folder.#work, { recursive: true, force: true });
    await mkdir(folder.#work);
    const own: Holder = { pid: process.pid, host: hostname(), dataDir };
    try {
      writeFileSync(lock, JSON.stringify(own), { flag: 'wx' });
    } catch (error) {
      throw new UsageError(`Another run has just begun to write to ${path}.`, { cause: error });
    }
    folder.#beat = setInterval(() => {
      const now = new Date();
      utimes(lock, now, now).catch(() => undefined); // a lock that somebody deleted stays deleted
    }, BEAT_MS).unref();
    return folder;
  }

  /**
   * Copy a finished file to its place, durably; what was there under this name is replaced at once.
   * @param from Any file system.
   * @param output Path below the folder.
   */
  async deliver(from: string, output: string): Promise<Delivered> {
    this.#copies += 1;
    const copy = join(this.#work, `${this.#copies}.part`);
    const place = join(this.path, output);
    const hash = createHash('sha256');
    let bytes = 0;
    try {
      await pipeline(
        createReadStream(from),
        async function* (chunks: AsyncIterable<Buffer>) {
          for await (const chunk of chunks) {
            hash.update(chunk);
            bytes += chunk.length;
            yield chunk;
          }
        },
        createWriteStream(copy),
      );
      await mkdir(dirname(place), { recursive: true });
      await moveDurably(copy, place);
    } finally {
      await rm(copy, { force: true });
    }
    return { output, bytes, sha256: hash.digest('hex') };
  }

  /** Let the folder go; safe to call while the process ends. */
  release(): void {
    clearInterval(this.#beat);
    rmSync(this.#work, { recursive: true, force: true });
  }
}
