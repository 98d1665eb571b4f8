/** `garnish` commands as processes of their own, each installation with a data folder and a folder of packs. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** How a process ended. */
export interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** A process and its end. */
export interface StartedCommand {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** One installation. */
export interface Installation {
  readonly folder: string;
  readonly dataDir: string;
  readonly packsDir: string;
  start(args: readonly string[], env?: Readonly<Record<string, string>>): StartedCommand;
  run(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ended>;
}

async function endOf(child: ChildProcess): Promise<Ended> {
  let output = '';
  let errors = '';
  child.stdout?.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    errors += chunk;
  });
  const [code] = await once(child, 'close');
  return { code: code as number | null, output, errors };
}

/**
 * An installation in a folder.
 * @param root where the sources are; default: the repository.
 */
export function installation(folder: string, root = ROOT): Installation {
  const children: ChildProcess[] = [];
  onTestFinished(() => {
    for (const child of children) child.kill('SIGKILL');
  });
  const [dataDir, packsDir] = [join(folder, 'data'), join(folder, 'packs')];
  const start: Installation['start'] = (args, env = {}) => {
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', join(root, 'src', 'main.ts'), ...args],
      {
        cwd: root,
        env: {
          PATH: process.env['PATH'] ?? '',
          ...{ GARNISH_DATA_DIR: dataDir, GARNISH_PACKS_DIR: packsDir, GARNISH_OFFLINE: '1' },
          ...{ GARNISH_DEVICES: 'cpu', GARNISH_ENGINE_WORKERS: '1', GARNISH_LOG_LEVEL: 'warn' },
          ...{ GARNISH_MIN_FREE_DISK_MIB: '0', GARNISH_BALLAST_MIB: '0', GARNISH_PORT: '0' },
          ...env,
        },
      },
    );
    children.push(child);
    return { child, ended: endOf(child) };
  };
  const run: Installation['run'] = (args, env) => start(args, env).ended;
  return { folder, dataDir, packsDir, start, run };
}
