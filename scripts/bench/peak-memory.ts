/** Largest resident memory of processes, as Linux tells it. */
import { readdirSync, readFileSync } from 'node:fs';

/** Largest resident memory of a process so far, MiB; 0 when it is gone. */
export function peakMibOf(pid: number | undefined): number {
  try {
    const line = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return Number(line?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

/** Processes that a process started and that are there. */
export function childrenOf(pid: number): readonly number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((other) => Number.isInteger(other) && other > 0 && parentOf(other) === pid);
}

function parentOf(pid: number): number | undefined {
  try {
    const afterName = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1);
    return Number(afterName?.split(' ')[1]);
  } catch {
    return undefined; // it ended in the meantime
  }
}
