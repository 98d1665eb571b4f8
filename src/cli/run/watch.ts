/**
 * Gives the files of folders as they come. The system's notices only wake the next look, since they
 * get lost; a look every few seconds finds what they missed. A file is given when its size and time
 * have stood still for a moment, since a copy that is under way is no picture yet.
 */
import { type FSWatcher, watch } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { listSources, type Root, type Source } from './sources.ts';

const LOOK_MS = 5_000;
/** Until the next look while a file is still being written. */
const UNSTEADY_LOOK_MS = 300;
/** How long a file must stand still. */
const STEADY_MS = 1_000;

interface Seen {
  readonly state: string;
  readonly sinceMs: number;
  readonly isGiven: boolean;
}

/** What a watch is told. */
export interface WatchOptions {
  readonly roots: readonly Root[];
  readonly out: string;
  /** Fires when the watch is to end. */
  readonly stop: AbortSignal;
  /** Called when the system gives no notices for a folder. */
  readonly onDeaf: (folder: string) => void;
}

/** Watches folders. */
export class FolderWatch {
  readonly #options: WatchOptions;
  readonly #seen = new Map<string, Seen>();
  readonly #watchers: FSWatcher[] = [];
  #wake: () => void = () => undefined;
  #isUnsteady = false;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  /** Files in the order they are found steady, until the watch ends. */
  async *batches(): AsyncGenerator<readonly Source[]> {
    const { stop } = this.#options;
    for (const { path, isFolder } of this.#options.roots) if (isFolder) this.#listen(path);
    stop.addEventListener('abort', () => this.#wake(), { once: true });
    try {
      while (!stop.aborted) {
        const steady = await this.#look();
        if (steady.length > 0) yield steady;
        else await this.#pause();
      }
    } finally {
      for (const watcher of this.#watchers.splice(0)) watcher.close();
    }
  }

  #listen(folder: string): void {
    const { onDeaf } = this.#options;
    try {
      const watcher = watch(folder, { recursive: true }, () => this.#wake());
      watcher.on('error', () => {
        watcher.close();
        onDeaf(folder);
      });
      this.#watchers.push(watcher);
    } catch {
      onDeaf(folder); // no more notices to be had; the looks go on
    }
  }

  async #look(): Promise<readonly Source[]> {
    const { roots, out } = this.#options;
    const sources = await listSources(roots, out);
    const gone = new Set(this.#seen.keys());
    const steady: Source[] = [];
    this.#isUnsteady = false;
    for (const source of sources) {
      gone.delete(source.path);
      if (await this.#isSteady(source.path)) steady.push(source);
    }
    for (const path of gone) this.#seen.delete(path);
    return steady;
  }

  /** Whether a file has come to rest since it was last given. */
  async #isSteady(path: string): Promise<boolean> {
    const stat = await lstat(path).catch(() => undefined);
    if (stat === undefined) return false;
    const state = `${stat.size} ${stat.mtimeMs}`;
    const nowMs = performance.now();
    const before = this.#seen.get(path);
    if (before?.state !== state) {
      this.#seen.set(path, { state, sinceMs: nowMs, isGiven: false });
      this.#isUnsteady = true;
      return false;
    }
    if (before.isGiven) return false;
    if (nowMs - before.sinceMs < STEADY_MS) {
      this.#isUnsteady = true;
      return false;
    }
    this.#seen.set(path, { ...before, isGiven: true });
    return true;
  }

  #pause(): Promise<void> {
    const { stop } = this.#options;
    if (stop.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, this.#isUnsteady ? UNSTEADY_LOOK_MS : LOOK_MS);
      this.#wake = () => {
        clearTimeout(timer);
        if (stop.aborted) resolve();
        else setTimeout(resolve, UNSTEADY_LOOK_MS); // a folder that is filled notices every file
      };
    });
  }
}
