/** Memory of a device, and of this process on it, as the NVIDIA driver's program tells it; here a stand-in answers. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { memoryBudget } from '../../src/engine/memory-budget.ts';
import { usedByProcess, usedMib } from '../../src/inference/memory-meter.ts';

const MIB = 1024 * 1024;

/** Puts a program `nvidia-smi` first on the path that runs a line of shell. */
function standIn(line: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'garnish-smi-'));
  const path = process.env['PATH'] ?? '';
  writeFileSync(join(folder, 'nvidia-smi'), `#!/bin/sh\n${line}\n`);
  chmodSync(join(folder, 'nvidia-smi'), 0o755);
  process.env['PATH'] = `${folder}:${path}`;
  onTestFinished(() => {
    process.env['PATH'] = path;
    rmSync(folder, { recursive: true, force: true });
  });
}

test('on the CPU it is a share of what the process may use, divided among its processes', async () => {
  const alone = (await memoryBudget('cpu', 1)) ?? 0;
  expect(alone).toBeGreaterThan(0);
  expect(alone).toBeLessThanOrEqual((totalmem() / MIB) * 0.6);
  expect(await memoryBudget('cpu', 2)).toBe(Math.floor(alone / 2));
});

test('on a GPU it is a share of that card', async () => {
  standIn('test "$4" = 1 && echo 24576');
  expect(await memoryBudget('cuda:1', 1)).toBe(Math.floor(24_576 * 0.8));
  expect(await memoryBudget('cuda:0', 1)).toBeUndefined();
});

test.each(['exit 9', 'echo "[N/A]"', 'echo'])(
  'without a sensible answer there is none: %s',
  async (line) => {
    standIn(line);
    expect(await memoryBudget('cuda:0', 1)).toBeUndefined();
  },
);

test('what a process uses is told by its number, on all cards together', async () => {
  expect(usedByProcess('11, 500\n12, 300\n11, 20\n', 11)).toBe(520);
  expect(usedByProcess('12, 300\n', 11)).toBeUndefined();
  expect(usedByProcess('11, [N/A]\n', 11)).toBeUndefined();
  standIn(`echo "${process.pid}, 740"`);
  expect(await usedMib('cuda:0')).toBe(740);
  standIn('exit 6');
  expect(await usedMib('cuda:0')).toBeUndefined();
});
