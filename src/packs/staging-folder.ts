/**
 * Where a pack is put together: `.staging-ID/pack/` in the folder of packs, held by one process at a time and
 * kept when a pull or an import fails, so that the next one goes on. It has no `pack.json` of its own, so
 * nothing takes it for a pack; at the end `pack/` is renamed to `ID/`.
 */
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, relative } from 'node:path';
import { z } from 'zod';
import { PackError } from './registry.ts';

/** How often the holder says that it is there, and how long it is believed. */
const BEAT_MS = 10_000;
const BELIEVED_MS = 60_000;

const PREFIX = '.staging-';

/** Its name. */
const stagingName = (id: string): string => `${PREFIX}${id}`;

/** The pack that a name in the folder of packs stages; undefined: it is no staging folder. */
export const stagedId = (name: string): string | undefined =>
  name.startsWith(PREFIX) ? name.slice(PREFIX.length) : undefined;

const holderSchema = z.object({ pid: z.int(), host: z.string() });

/** Whether the process that wrote a lock is still at work; on another machine only its beat tells. */
function isHeld(lock: string): boolean {
  try {
    const { pid, host } = holderSchema.parse(JSON.parse(readFileSync(lock, 'utf8')));
    if (Date.now() - statSync(lock).mtimeMs > BELIEVED_MS) return false;
    if (host !== hostname()) return true;
    return pid !== process.pid && process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Where the files of a pack wait until all are there. */
export const stagedFolder = (packsDir: string, id: string): string =>
  join(packsDir, stagingName(id), 'pack');

/** Wait until the entries of a folder are on the disk. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  await handle.sync().finally(() => handle.close());
}

/** The folder. */
export class StagingFolder {
  /** Where the pack's files go. */
  readonly path: string;
  readonly #work: string;
  readonly #packsDir: string;
  readonly #id: string;
  readonly #beat: NodeJS.Timeout;

  private constructor(packsDir: string, id: string) {
    this.#packsDir = packsDir;
    this.#id = id;
    this.#work = join(packsDir, stagingName(id));
    this.path = stagedFolder(packsDir, id);
    const lock = this.#lock;
    this.#beat = setInterval(() => {
      const now = new Date();
      utimes(lock, now, now).catch(() => undefined); // a lock that somebody deleted stays deleted
    }, BEAT_MS).unref();
  }

  /** Make the folder, or take up the one that an earlier run left. @throws PackError when it is in use. */
  static async hold(packsDir: string, id: string): Promise<StagingFolder> {
    const work = join(packsDir, stagingName(id));
    const lock = join(work, 'lock');
    await mkdir(join(work, 'pack'), { recursive: true });
    const inUse = `Another process is installing ${id} just now. If there is none, delete ${lock}.`;
    if (isHeld(lock)) throw new PackError(inUse);
    rmSync(lock, { force: true });
    const holder = { pid: process.pid, host: hostname() };
    await writeFile(lock, JSON.stringify(holder), { flag: 'wx' }).catch((cause) => {
      throw cause.code === 'EEXIST' ? new PackError(inUse, { cause }) : cause;
    });
    const folder = new StagingFolder(packsDir, id);
    await folder.#restoreOld();
    return folder;
  }

  /** Where one file may grow before it is whole, outside the pack. */
  get partPath(): string {
    return join(this.#work, 'part');
  }

  /** Delete what a process left that was killed after its pack was in place. @throws PackError when one is at work. */
  static async clear(packsDir: string, id: string): Promise<void> {
    if (!existsSync(join(packsDir, stagingName(id)))) return;
    await (await StagingFolder.hold(packsDir, id)).discard();
  }

  /** Whether a process is at work on a pack. */
  static isHeld(packsDir: string, id: string): boolean {
    return isHeld(join(packsDir, stagingName(id), 'lock'));
  }

  get #lock(): string {
    return join(this.#work, 'lock');
  }

  get #place(): string {
    return join(this.#packsDir, this.#id);
  }

  /** Where the replaced pack is while the new one takes its place. */
  get #old(): string {
    return join(this.#work, 'old');
  }

  /** A kill between the two renames leaves neither pack in its place. */
  async #restoreOld(): Promise<void> {
    if (existsSync(this.#old) && !existsSync(this.#place)) await rename(this.#old, this.#place);
  }

  /** Give it up with all that is in it; a pack that was being replaced is back in its place by now. */
  async discard(): Promise<void> {
    clearInterval(this.#beat);
    await rm(this.#work, { recursive: true, force: true });
  }

  /** Let it go; what is in it stays for the next run. */
  release(): void {
    clearInterval(this.#beat);
    rmSync(this.#lock, { force: true });
    for (const folder of [this.path, this.#work]) {
      if (existsSync(folder) && readdirSync(folder).length === 0) rmdirSync(folder);
    }
  }

  /**
   * Put the finished pack in its place; one that is there is replaced.
   * @param paths Its files; what else an earlier run left is deleted.
   * @param texts Contents of the files that make it a pack, by name, the deciding one last.
   * @returns The pack's folder.
   */
  async publish(
    paths: readonly string[],
    texts: Readonly<Record<string, string>>,
  ): Promise<string> {
    await this.#keepOnly(new Set(paths));
    for (const [name, text] of Object.entries(texts)) {
      const handle = await open(join(this.path, name), 'w');
      try {
        await handle.writeFile(text);
        await handle.sync();
      } finally {
        await handle.close();
      }
    }
    await this.#syncFolders();
    await rm(this.#old, { recursive: true, force: true });
    if (existsSync(this.#place)) await rename(this.#place, this.#old);
    await rename(this.path, this.#place);
    await syncFolder(this.#packsDir);
    clearInterval(this.#beat);
    await rm(this.#work, { recursive: true, force: true });
    return this.#place;
  }

  async #syncFolders(): Promise<void> {
    const entries = await readdir(this.path, { recursive: true, withFileTypes: true });
    const folders = entries.filter((entry) => entry.isDirectory());
    for (const { parentPath, name } of folders) await syncFolder(join(parentPath, name));
    await syncFolder(this.path);
  }

  async #keepOnly(paths: ReadonlySet<string>): Promise<void> {
    const entries = await readdir(this.path, { recursive: true, withFileTypes: true });
    for (const entry of entries) {
      const place = join(entry.parentPath, entry.name);
      const path = relative(this.path, place).replaceAll('\\', '/');
      if (!entry.isDirectory() && !paths.has(path)) await rm(place, { force: true });
    }
  }
}
