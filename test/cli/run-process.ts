/** `garnish run` as a process of its own, with packs that do nothing, and folders to run it on. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { encodePicture } from '../../src/imaging/codec.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PACKS = join(ROOT, 'test', 'fixtures', 'packs');
const SIDE_PX = 64;

/** Levels of grey by what the packs do with them: nothing, or take a second over each tile. */
const LEVELS = { plain: 100, slow: 220 } as const;

/** A run that goes on. */
export interface StartedRun {
  readonly child: ChildProcess;
  output(): string;
  /** Wait until the output holds a text. */
  says(text: string): Promise<void>;
  readonly exit: Promise<number | null>;
}

/** A line of `--json`. */
export type JsonLine = Readonly<Record<string, unknown>>;

/** A finished run. */
export interface FinishedRun {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Folders for one test. */
export interface RunBench {
  readonly photos: string;
  readonly out: string;
  /** Where runs keep their books. */
  readonly temporary: string;
  /** Draw a picture below `photos`; the extension says the format. */
  draw(name: string, behaviour?: keyof typeof LEVELS, side?: number): Promise<string>;
  start(...args: readonly string[]): StartedRun;
  run(...args: readonly string[]): Promise<FinishedRun>;
  /** Lines of a run with `--json`, the summary apart. */
  json(...args: readonly string[]): Promise<{
    readonly code: number | null;
    readonly files: readonly JsonLine[];
    readonly summary: JsonLine;
  }>;
  /** Names of the results, sorted. */
  results(): readonly string[];
}

const parsed = (output: string): readonly JsonLine[] =>
  output
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as JsonLine);

/** Folders that go when the test ends, and what runs in them. */
export function runBench(): RunBench {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'garnish-run-test-')));
  const [photos = '', out = '', temporary = ''] = ['photos', 'out', 'tmp'].map((name) =>
    join(folder, name),
  );
  mkdirSync(photos);
  mkdirSync(temporary);
  const children: ChildProcess[] = [];
  onTestFinished(() => {
    for (const child of children) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  const spawnRun = (args: readonly string[]) => {
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', join(ROOT, 'src', 'main.ts'), 'run', ...args],
      {
        cwd: ROOT,
        env: {
          PATH: process.env['PATH'] ?? '',
          TMPDIR: temporary,
          GARNISH_PACKS_DIR: PACKS,
          GARNISH_DEVICES: 'cpu',
          GARNISH_ENGINE_WORKERS: '1',
          GARNISH_MIN_FREE_DISK_MIB: '0',
        },
      },
    );
    children.push(child);
    const texts = { output: '', errors: '' };
    child.stdout.on('data', (chunk) => {
      texts.output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      texts.errors += chunk;
    });
    const exit = once(child, 'close').then(([code]) => code as number | null);
    return { child, texts, exit };
  };

  const run: RunBench['run'] = async (...args) => {
    const { texts, exit } = spawnRun(args);
    return { code: await exit, ...texts };
  };
  return {
    photos,
    out,
    temporary,
    draw: async (name, behaviour = 'plain', side = SIDE_PX) => {
      const extension = name.slice(name.lastIndexOf('.') + 1) as 'jpg' | 'png' | 'webp';
      const path = join(photos, name);
      mkdirSync(dirname(path), { recursive: true });
      const data = new Uint8Array(side * side * 3).fill(LEVELS[behaviour]);
      const picture = { data, widthPx: side, heightPx: side, channels: 3 as const };
      await encodePicture(picture, extension, path);
      return path;
    },
    start: (...args) => {
      const { child, texts, exit } = spawnRun(args);
      const says = async (text: string) => {
        const deadlineMs = performance.now() + 20_000;
        while (!texts.output.includes(text)) {
          if (performance.now() > deadlineMs) {
            throw new Error(`It never said "${text}": ${texts.output}${texts.errors}`);
          }
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      };
      return { child, output: () => texts.output, says, exit };
    },
    run,
    json: async (...args) => {
      const { code, output, errors } = await run(...args, '--json');
      if (output === '') throw new Error(errors);
      const lines = parsed(output);
      const summary = lines.at(-1)?.['summary'] as JsonLine;
      return { code, files: lines.slice(0, -1), summary };
    },
    results: () =>
      readdirSync(out, { recursive: true, encoding: 'utf8', withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(out.length + 1))
        .filter((path) => !path.startsWith('.'))
        .sort(),
  };
}

/** Bytes of a result. */
export const resultOf = (bench: RunBench, name: string): Buffer =>
  readFileSync(join(bench.out, name));
