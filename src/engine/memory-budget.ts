/**
 * How much memory the packs of a device may take when the operator does not say: a share of what the process may use
 * (cgroup limits counted) on the CPU, a share of the card's memory where the NVIDIA driver tells it.
 */
import { execFile } from 'node:child_process';
import { totalmem } from 'node:os';
import { promisify } from 'node:util';

const MIB = 1024 * 1024;
/** The rest is for pictures, for what a run needs beside its weights, and for everything else on the machine. */
const CPU_SHARE = 0.6;
/** The rest is for what a run needs beside its weights. */
const GPU_SHARE = 0.8;
const QUERY_TIMEOUT_MS = 10_000;

/** Memory this process may use, bytes. */
function usableBytes(): number {
  const limit = process.constrainedMemory();
  const isLimited = typeof limit === 'number' && limit > 0;
  return isLimited ? Math.min(limit, totalmem()) : totalmem();
}

async function gpuMib(number: string): Promise<number | undefined> {
  try {
    const { stdout } = await promisify(execFile)(
      'nvidia-smi',
      ['--query-gpu=memory.total', '--format=csv,noheader,nounits', '-i', number],
      { timeout: QUERY_TIMEOUT_MS },
    );
    const mib = Number(stdout.trim());
    return Number.isFinite(mib) && mib > 0 ? mib : undefined;
  } catch {
    return undefined; // no such program or card: without a budget packs stay until memory runs out
  }
}

/**
 * The budget of a device, MiB.
 * @param device `cpu` or `cuda:N`.
 * @param processes engine processes that share the device's memory.
 * @returns undefined when it cannot be found out.
 */
export async function memoryBudget(device: string, processes: number): Promise<number | undefined> {
  const mib =
    device === 'cpu'
      ? (usableBytes() / MIB) * CPU_SHARE
      : ((await gpuMib(device.replace('cuda:', ''))) ?? Number.NaN) * GPU_SHARE;
  return Number.isFinite(mib) ? Math.floor(mib / processes) : undefined;
}
