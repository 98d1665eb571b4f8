/** Starts the child process that src/inference/entry.ts is, from the sources as from the build. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const isTypeScript = import.meta.url.endsWith('.ts');
const ENTRY = fileURLToPath(
  new URL(isTypeScript ? '../inference/entry.ts' : '../inference/entry.js', import.meta.url),
);

function environment(): NodeJS.ProcessEnv {
  // Without the threshold glibc keeps released weights; it can only be set before a process starts.
  const inherited = { ...process.env, MALLOC_TRIM_THRESHOLD_: '134217728' };
  // Settings may be secrets, and the process that decodes untrusted pictures needs none of them.
  const kept = Object.entries(inherited).filter(([name]) => !/^(GARNISH|HF)_/.test(name));
  return Object.fromEntries(kept);
}

/** A new engine process, which waits for its `start` message; what it says on stderr goes to `log`. */
export function spawnEngine(log: (text: string) => void): ChildProcess {
  const child = fork(ENTRY, {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: isTypeScript ? ['--import', 'tsx'] : [],
    env: environment(),
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => log(text.trimEnd()));
  return child;
}
