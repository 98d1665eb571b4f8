/**
 * Runs every pack of a folder once, each in a server of its own, and prints what it took.
 *
 *     npm run -s build && npx tsx scripts/bench/packs.ts FOLDER [--side 128]
 *
 * For segmentation and super-resolution: `garnish run` on one drawn dish of `--side` pixels, with that pack alone. Printed
 * are the seconds from the start of the command to its end, loading and warm-up included, and the largest resident memory of
 * the engine process. Exit code 1 where a pack did not answer.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readPackFolders } from '../../src/packs/installed.ts';
import type { Manifest } from '../../src/packs/manifest.ts';
import { MACHINE } from '../../test/support/machine.ts';
import { drawPlate, encoded } from '../../test/support/pictures.ts';
import { childrenOf, peakMibOf } from './peak-memory.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const LOOK_MS = 50;
const OPERATIONS: Partial<Record<Manifest['task'], readonly string[]>> = {
  segmentation: ['remove-background'],
  'super-resolution': ['upscale', '--scale', '2'],
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { side: { type: 'string', default: '128' } },
});
const [given] = positionals;
const side = Number(values.side);
if (given === undefined || !Number.isInteger(side) || side < 16) {
  throw new Error('Expected a folder of packs, and a whole number of at least 16 for --side.');
}

const root = mkdtempSync(join(tmpdir(), 'garnish-packs-'));
const dish = join(root, 'dish.png');

interface Answer {
  readonly isServed: boolean;
  readonly seconds: number;
  readonly peakMib: number;
  readonly errors: string;
}

/** One run with one pack installed. */
async function runWith(folder: string, id: string, operation: readonly string[]): Promise<Answer> {
  const packs = join(root, id);
  cpSync(folder, join(packs, id), { recursive: true });
  const startedMs = performance.now();
  const child = spawn(
    process.execPath,
    [MAIN, 'run', ...operation, dish, '--out', join(root, `${id}-out`), '--json'],
    {
      env: {
        PATH: process.env['PATH'] ?? '',
        GARNISH_PACKS_DIR: packs,
        GARNISH_ENGINE_WORKERS: '1',
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let [errors, peakMib] = ['', 0];
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const timer = setInterval(() => {
    for (const engine of childrenOf(child.pid ?? 0)) peakMib = Math.max(peakMib, peakMibOf(engine));
  }, LOOK_MS);
  const [code] = await once(child, 'close');
  clearInterval(timer);
  rmSync(packs, { recursive: true });
  const seconds = (performance.now() - startedMs) / 1000;
  return { isServed: code === 0, seconds, peakMib, errors };
}

async function main(folder: string): Promise<void> {
  writeFileSync(dish, await encoded(await drawPlate(side, side), 'png'));
  process.stdout.write('| pack | family | seconds | engine at most |\n| --- | --- | --- | --- |\n');
  for (const { manifest, folder: own } of readPackFolders([folder])) {
    const operation = manifest === undefined ? undefined : OPERATIONS[manifest.task];
    if (manifest === undefined || operation === undefined) continue;
    const { isServed, seconds, peakMib, errors } = await runWith(own, manifest.id, operation);
    const figures = [manifest.id, manifest.family, seconds.toFixed(1), `${peakMib.toFixed(0)} MiB`];
    process.stdout.write(`| ${figures.join(' | ')} |\n`);
    if (isServed) continue;
    process.stdout.write(`${errors}\n`);
    process.exitCode = 1;
  }
  process.stdout.write(`${MACHINE}\n`);
}

try {
  await main(resolve(given));
} finally {
  rmSync(root, { recursive: true, force: true });
}
