/** The built server as a process of its own, with small packs so that it starts fast, to be killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MAIN = join(ROOT, 'dist', 'main.js');
const PACKS = join(ROOT, 'test', 'fixtures', 'packs');
const READY_POLL_MS = 20;
const READY_TIMEOUT_MS = 60_000;

/** A free loopback port; a server keeps it over its restarts, so that its URLs stay. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Where a server runs and how. */
export interface RealServerOptions {
  readonly dataDir: string;
  readonly port: number;
  readonly env?: Readonly<Record<string, string>>;
  /** A command in front of node's, for example faketime. */
  readonly wrapper?: readonly string[];
}

/** One run of the server. */
export class RealServer {
  readonly url: string;
  readonly child: ChildProcess;
  /** Exit code or signal. */
  readonly ended: Promise<number | string>;
  stderr = '';

  constructor({ dataDir, port, env = {}, wrapper = [] }: RealServerOptions) {
    this.url = `http://127.0.0.1:${port}`;
    const [command = process.execPath, ...args] = [...wrapper, process.execPath, MAIN, 'serve'];
    this.child = spawn(command, args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {
        PATH: process.env['PATH'] ?? '',
        GARNISH_DATA_DIR: dataDir,
        GARNISH_PORT: String(port),
        GARNISH_PACKS_DIR: PACKS,
        GARNISH_DEVICES: 'cpu',
        GARNISH_ENGINE_WORKERS: '1',
        GARNISH_MIN_FREE_DISK_MIB: '0',
        GARNISH_BALLAST_MIB: '1',
        GARNISH_LOG_LEVEL: 'warn',
        ...env,
      },
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr = (this.stderr + text).slice(-20_000);
    });
    this.ended = once(this.child, 'exit').then(([code, signal]) => signal ?? code);
  }

  /** Whether the process is there. */
  get isAlive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Wait until it takes work. @throws Error with its last words when it ended instead. */
  async ready(): Promise<void> {
    const giveUpMs = performance.now() + READY_TIMEOUT_MS;
    while (this.isAlive && performance.now() < giveUpMs) {
      const answer = await fetch(`${this.url}/readyz`).catch(() => undefined);
      await answer?.arrayBuffer().catch(() => undefined);
      if (answer?.status === 200) return;
      await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
    }
    throw new Error(`The server did not become ready.\n${this.stderr}`);
  }

  /** kill -9. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }

  /** SIGTERM. @returns How it ended. */
  async stop(): Promise<number | string> {
    this.child.kill('SIGTERM');
    return this.ended;
  }
}
