/**
 * Proves that bundles of any size pass through a little memory, and that exports and imports survive kill -9.
 *
 *     npm run bundle -- [--mib 2048] [--packs 3] [--kills 20] [--seed 1]
 *
 * Packs of random bytes are exported by one installation and imported by a second, each command a process of its own whose
 * largest resident memory the kernel tells (Linux only). The export is then killed at random moments, which may leave no
 * bundle that is not whole; what it writes in the end is imported. A third installation imports that too and is killed at
 * random moments; whatever it lists in between must be complete, and at the end every file must have its hash. Needs three
 * and a half times the size on the disk. Exit code 1 says that something was not so.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readPackFolders } from '../../src/packs/installed.ts';
import { seededRandom } from '../../test/crash/seeded-random.ts';
import { MACHINE } from '../../test/support/machine.ts';
import { peakMibOf } from './peak-memory.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const MIB = 2 ** 20;
const LOOK_MS = 20;

/** A positive whole number of the command line. */
function count(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0)
    throw new Error(`Expected a whole number for --${name}.`);
  return value;
}

const { values } = parseArgs({
  options: {
    mib: { type: 'string', default: '2048' },
    packs: { type: 'string', default: '3' },
    kills: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
  },
});
const [mib, packs, kills] = (['mib', 'packs', 'kills'] as const).map((name) =>
  count(name, values[name]),
) as [number, number, number];
const random = seededRandom(count('seed', values.seed));
const root = mkdtempSync(join(tmpdir(), 'garnish-bundle-'));
const ids = Array.from({ length: packs }, (_, at) => `pack-${at}`);

interface Measured {
  readonly output: string;
  readonly seconds: number;
  readonly peakMib: number;
}

function start(site: string, args: readonly string[]): ChildProcess {
  const env = {
    PATH: process.env['PATH'] ?? '',
    GARNISH_OFFLINE: '1',
    GARNISH_DATA_DIR: join(root, site, 'data'),
    GARNISH_PACKS_DIR: join(root, site, 'packs'),
  };
  return spawn(process.execPath, [MAIN, 'packs', ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Run a command that must succeed. */
async function measured(site: string, args: readonly string[]): Promise<Measured> {
  const startedMs = performance.now();
  const child = start(site, args);
  let [output, errors, peakMib] = ['', '', 0];
  child.stdout?.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    errors += chunk;
  });
  const timer = setInterval(() => {
    peakMib = Math.max(peakMib, peakMibOf(child.pid));
  }, LOOK_MS);
  const [code] = await once(child, 'close');
  clearInterval(timer);
  if (code !== 0) throw new Error(`garnish packs ${args.join(' ')}: ${errors}`);
  return { output, peakMib, seconds: (performance.now() - startedMs) / 1000 };
}

function writePack(id: string): void {
  const folder = join(root, 'office', 'packs', id);
  mkdirSync(folder, { recursive: true });
  const file = openSync(join(folder, 'model.onnx'), 'w');
  const chunk = Buffer.alloc(MIB);
  for (let at = 0; at < mib / packs; at += 1) writeSync(file, randomFillSync(chunk));
  closeSync(file);
  const manifest = {
    ...{ id, task: 'segmentation', family: 'u2net' },
    licence: { spdx: 'Apache-2.0', commercialUse: true },
    files: [{ role: 'model', path: 'model.onnx' }],
  };
  writeFileSync(join(folder, 'pack.json'), JSON.stringify(manifest));
}

/** What a site lists that is not complete. */
function incompleteAt(site: string): readonly string[] {
  const folder = join(root, site, 'packs');
  return readPackFolders([folder]).flatMap(({ manifest, folder: own }) =>
    (manifest?.files ?? [{ path: 'pack.json', bytes: -1 }])
      .filter(
        ({ path, bytes }) => statSync(join(own, path), { throwIfNoEntry: false })?.size !== bytes,
      )
      .map(({ path }) => join(own, path)),
  );
}

/** Run a command and kill it at a random moment of the time that it takes. @returns its exit code; null: it was killed */
async function killed(site: string, args: readonly string[], seconds: number) {
  const child = start(site, args);
  const ended = once(child, 'close');
  await Promise.race([
    ended,
    new Promise((resolve) => setTimeout(resolve, random() * seconds * 1000)),
  ]);
  child.kill('SIGKILL');
  return (await ended)[0] as number | null;
}

/** What kills are to find out. */
interface Kills {
  readonly args: readonly string[];
  /** How long the command takes when nothing kills it. */
  readonly seconds: number;
  readonly violations: string[];
}

/** Export again and again, killed. @returns how often it got to its end before */
async function exportKilled(file: string, bytes: number, { args, seconds, violations }: Kills) {
  let ends = 0;
  for (let kill = 0; kill < kills; kill += 1) {
    rmSync(file, { force: true });
    const code = await killed('office', args, seconds);
    if (code === 0) ends += 1;
    const size = statSync(file, { throwIfNoEntry: false })?.size;
    if (size !== undefined && size !== bytes)
      violations.push(`kill ${kill + 1}: ${file} is there, and not whole`);
  }
  rmSync(file, { force: true });
  return ends;
}

/** Import again and again, killed. @returns how often it got to its end before */
async function importKilled({ args, seconds, violations }: Kills): Promise<number> {
  let ends = 0;
  for (let kill = 0; kill < kills; kill += 1) {
    const code = await killed('killed', args, seconds);
    mkdirSync(join(root, 'killed', 'packs'), { recursive: true });
    violations.push(
      ...incompleteAt('killed').map((path) => `kill ${kill + 1}: ${path} is listed, and not whole`),
    );
    if (code !== 0) continue;
    ends += 1;
    rmSync(join(root, 'killed'), { recursive: true }); // all is there: begin anew
  }
  return ends;
}

async function main(): Promise<void> {
  for (const id of ids) writePack(id);
  const file = join(root, 'all.bundle');
  const exporting = ['export', ...ids, '--to', file, '--json'];
  const exported = await measured('office', exporting);
  const { signer, bytes } = JSON.parse(exported.output) as { signer: string; bytes: number };
  const args = ['import', file, '--trust', signer, '--json'];
  const violations: string[] = [];
  const exportEnds = await exportKilled(file, bytes, {
    ...{ args: exporting, seconds: exported.seconds, violations },
  });
  await measured('office', exporting);
  if (existsSync(`${file}.part`)) violations.push('a killed export left its part for ever');
  const imported = await measured('site', args);
  const verified = await measured('site', ['verify']);
  rmSync(join(root, 'site'), { recursive: true });
  const ends = await importKilled({ args, seconds: imported.seconds, violations });
  await measured('killed', args);
  await measured('killed', ['verify']);
  const rateOf = ({ seconds }: Measured) => `${(bytes / MIB / seconds).toFixed(0)} MiB/s`;
  const peakOf = ({ peakMib }: Measured) => `${peakMib.toFixed(0)} MiB at most in memory`;
  const rows = {
    bundle: `${(bytes / MIB).toFixed(0)} MiB, ${packs} packs`,
    export: `${rateOf(exported)}, ${peakOf(exported)}`,
    import: `${rateOf(imported)}, ${peakOf(imported)}`,
    verify: `${rateOf(verified)}, ${peakOf(verified)}`,
    exportKills: `${kills}, ${exportEnds} after its end; the last export was imported`,
    importKills: `${kills}, ${ends} after its end; verified in the end`,
    violations: violations.length,
    machine: MACHINE,
  };
  for (const [name, text] of Object.entries(rows))
    process.stdout.write(`${name.padEnd(12)}${text}\n`);
  for (const violation of violations) process.stdout.write(`${violation}\n`);
  process.exitCode = violations.length === 0 ? 0 : 1;
}

try {
  await main();
} finally {
  rmSync(root, { recursive: true, force: true });
}
