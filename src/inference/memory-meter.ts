/** How much memory of its device this process takes: resident memory, or what the NVIDIA driver says of a GPU. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const MIB = 1024 * 1024;
const QUERY_TIMEOUT_MS = 5_000;
const QUERY = ['--query-compute-apps=pid,used_memory', '--format=csv,noheader,nounits'];

/** Resident memory of this process, MiB. */
export const residentMib = (): number => process.memoryUsage.rss() / MIB;

/** What `nvidia-smi` says of a process, MiB; undefined when it does not name it. */
export function usedByProcess(answer: string, pid: number): number | undefined {
  const rows = answer.split('\n').map((line) => line.split(',').map(Number));
  const used = rows.filter(([id]) => id === pid).map(([, mib = Number.NaN]) => mib);
  return used.length > 0 && used.every(Number.isFinite)
    ? used.reduce((sum, mib) => sum + mib, 0)
    : undefined;
}

/**
 * Memory in use now, MiB.
 * @param device `cpu` or `cuda:N`.
 * @returns undefined when a GPU's cannot be found out: in a container the driver may not know this process's number.
 */
export async function usedMib(device: string): Promise<number | undefined> {
  if (device === 'cpu') return residentMib();
  try {
    const { stdout } = await promisify(execFile)('nvidia-smi', QUERY, {
      timeout: QUERY_TIMEOUT_MS,
    });
    return usedByProcess(stdout, process.pid);
  } catch {
    return undefined; // no such program, or a driver that does not tell: the manifests' sizes count
  }
}
