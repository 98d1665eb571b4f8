/**
 * A tmpfs of 64 MB that another program fills while calls come in: they are told so, pay nothing, and
 * are served again, without a restart, once there is room.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataFolder, pictureFor, upload } from './data-folder.ts';
import { callPaid } from './load.ts';
import type { PressureReport } from './overload.ts';
import { freePort, RealServer } from './real-server.ts';

const SIZE_MB = 64;
const LANES = 4;
const CREDITS = 100_000;
const PHASE_MS = 1_500;
const RECOVERY_MS = 90_000;

const sleep = (timeMs: number) => new Promise((resolve) => setTimeout(resolve, timeMs));

/** Mount a small disk. @returns Its folder, undefined where mounting is not allowed. */
function mountSmallDisk(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'garnish-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE_MB}m`, 'tmpfs', folder], {
      stdio: 'ignore',
    });
    return folder;
  } catch {
    rmSync(folder, { recursive: true });
    return undefined;
  }
}

/** Write until there is no room for one more byte. */
function fill(path: string): void {
  const file = openSync(path, 'w');
  try {
    for (let size = 1 << 20; size > 0; ) {
      try {
        writeSync(file, Buffer.alloc(size));
      } catch {
        size >>= 1;
      }
    }
  } finally {
    closeSync(file);
  }
}

/** Fill the disk and free it again. @returns Milliseconds from then until a result is delivered. */
async function fillAndFree(filler: string, delivered: () => number): Promise<number> {
  await sleep(PHASE_MS);
  fill(filler);
  await sleep(PHASE_MS);
  rmSync(filler);
  const freedMs = performance.now();
  const before = delivered();
  while (delivered() === before && performance.now() - freedMs <= RECOVERY_MS) await sleep(10);
  return performance.now() - freedMs;
}

function wrongAnswers(statuses: ReadonlyMap<string, number>): readonly string[] {
  const wrong = [...statuses.keys()]
    .filter((name) => !['200 delivered', '503 storage_full'].includes(name))
    .map((name) => `answered ${name}`);
  return statuses.has('503 storage_full') ? wrong : [...wrong, 'nobody was told storage_full'];
}

/** Fill a server's disk some times. @param minFreeMib Room under which it takes no job; 0: writes fail. */
export async function diskFull(rounds: number, minFreeMib: number): Promise<PressureReport> {
  const disk = mountSmallDisk();
  if (disk === undefined) {
    return { done: '', figures: {}, violations: [], skipped: 'mounting a tmpfs needs root' };
  }
  const folder = new DataFolder(join(disk, 'data'));
  const env = { GARNISH_MIN_FREE_DISK_MIB: String(minFreeMib), GARNISH_BALLAST_MIB: '8' };
  const server = new RealServer({ dataDir: folder.path, port: await freePort(), env });
  try {
    await server.ready();
    const caller = folder.newCaller(CREDITS);
    caller.imageUrl = await upload(server.url, caller.key, await pictureFor('plain'));
    const statuses = new Map<string, number>();
    let isStopped = false;
    const lane = async () => {
      while (!isStopped) {
        const { status, code } = await callPaid(server.url, caller);
        const name = `${status} ${code ?? 'delivered'}`;
        statuses.set(name, (statuses.get(name) ?? 0) + 1);
      }
    };
    const lanes = Array.from({ length: LANES }, lane);
    const violations: string[] = [];
    const delivered = () => statuses.get('200 delivered') ?? 0;
    const recoveriesMs: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      recoveriesMs.push(await fillAndFree(join(disk, 'filler'), delivered));
    }
    isStopped = true;
    await Promise.all(lanes);
    violations.push(...wrongAnswers(statuses));
    const longestRecoveryMs = Math.max(...recoveriesMs);
    if (longestRecoveryMs > RECOVERY_MS) violations.push('nothing is delivered again');
    if ((await server.stop()) !== 0) violations.push('the stop was not clean');
    const paid = CREDITS - folder.books((books) => books.ledger.balance(caller.accountId).total);
    if (paid !== delivered()) violations.push(`${paid} credits paid for ${delivered()} results`);
    violations.push(...folder.audit(false));
    return {
      done: `${rounds} times a full disk of ${SIZE_MB} MB, ${minFreeMib} MiB to be kept free`,
      figures: {
        ...Object.fromEntries(statuses),
        longestRecoveryMs: Math.round(longestRecoveryMs),
      },
      violations,
    };
  } finally {
    await server.kill();
    execFileSync('umount', ['-l', disk]);
    rmSync(disk, { recursive: true, force: true });
  }
}
