/** A small disk of its own for a test that fills it: a real tmpfs, where one may be mounted. */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Mount one until the test ends. @returns Its folder; undefined where mounting is not permitted. */
export function mountSmallDisk(sizeMib: number): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'garnish-disk-'));
  const options = ['-t', 'tmpfs', '-o', `size=${sizeMib}m`, 'tmpfs', folder];
  const isMounted = spawnSync('mount', options).status === 0;
  onTestFinished(() => {
    if (isMounted) spawnSync('umount', ['-l', folder]);
    rmSync(folder, { recursive: true, force: true });
  });
  return isMounted ? folder : undefined;
}

/** Write until nothing more fits. @returns What removes it again. */
export function fillDisk(folder: string): () => void {
  const path = join(folder, 'filler');
  const file = openSync(path, 'w');
  for (const chunk of [Buffer.alloc(65_536, 1), Buffer.alloc(512, 1)]) {
    try {
      for (;;) writeSync(file, chunk);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }
  closeSync(file);
  return () => rmSync(path);
}
