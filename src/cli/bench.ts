/**
 * `garnish bench`: images a second and latencies over HTTP at several concurrencies, beside bare
 * loops of the same pack in the same run, as a ratio. The bare loops run before and after, because
 * a machine's speed wanders.
 */
import { fork } from 'node:child_process';
import { copyFile, mkdtemp, rm, stat } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Command, Option } from 'commander';
import { type Config, loadConfig } from '../config.ts';
import type { EngineOperation } from '../engine/protocol.ts';
import type { BareLoopAnswer, BareLoopRequest } from '../inference/bare-loop.ts';
import { createLog } from '../observability/log.ts';
import { PackRegistry, STARTER_PACKS } from '../packs/registry.ts';
import { SAMPLE_DISH } from './first-run.ts';
import { sourceLimits } from './layers.ts';
import { printJson, printLine, printTable } from './output.ts';
import { wholeNumber } from './parse.ts';
import { type RunningServer, startServer } from './server.ts';

type BenchOperation = 'remove-background' | 'upscale';

interface BenchOptions {
  readonly operation: BenchOperation;
  readonly picture: string;
  readonly images: number;
  readonly concurrency: string;
  readonly json?: true;
}

/** One measured setting. */
interface Measurement {
  readonly name: string;
  readonly imagesPerS: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
}

const BARE_LOOP = fileURLToPath(
  new URL(
    import.meta.url.endsWith('.ts') ? '../inference/bare-loop.ts' : '../inference/bare-loop.js',
    import.meta.url,
  ),
);

const ENGINE_OPERATIONS: Readonly<Record<BenchOperation, EngineOperation>> = {
  'remove-background': { operation: 'remove-background', output: 'cutout', format: 'png' },
  upscale: { operation: 'upscale', scale: 2 },
};

const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;

/** Calls `work` from several lanes until `count` calls are done. */
async function measure(
  name: string,
  lanes: number,
  count: number,
  work: () => Promise<void>,
): Promise<Measurement> {
  const latencies: number[] = [];
  let left = count;
  const startedMs = performance.now();
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      while (left > 0) {
        left -= 1;
        const callMs = performance.now();
        await work();
        latencies.push(performance.now() - callMs);
      }
    }),
  );
  const seconds = (performance.now() - startedMs) / 1000;
  latencies.sort((a, b) => a - b);
  return {
    name,
    imagesPerS: count / seconds,
    p50Ms: quantile(latencies, 0.5),
    p95Ms: quantile(latencies, 0.95),
  };
}

/** Bare loops, one process for each worker of the server, started together. */
async function measureBare(
  request: BareLoopRequest,
  processes: number,
  count: number,
): Promise<number> {
  const each = Math.ceil(count / processes);
  const children = Array.from({ length: processes }, (_, i) => {
    const child = fork(BARE_LOOP, {
      execArgv: BARE_LOOP.endsWith('.ts') ? ['--import', 'tsx'] : [],
      env: { ...process.env, MALLOC_TRIM_THRESHOLD_: '134217728' },
    });
    const answer = (type: BareLoopAnswer['type']) =>
      new Promise<void>((resolve, reject) => {
        child.on('message', (message: BareLoopAnswer) => message.type === type && resolve());
        child.once('exit', (code) => code !== 0 && reject(new Error('The bare loop failed.')));
      });
    child.send({ ...request, outputStem: `${request.outputStem}-${i}`, count: each });
    return { child, ready: answer('ready'), done: answer('done') };
  });
  await Promise.all(children.map(({ ready }) => ready));
  const startedMs = performance.now();
  for (const { child } of children) child.send('go');
  await Promise.all(children.map(({ done }) => done));
  return (each * processes) / ((performance.now() - startedMs) / 1000);
}

async function prepareCall(
  server: RunningServer,
  options: BenchOptions,
): Promise<() => Promise<void>> {
  const account = server.accounts.create(
    { plan: 'enterprise', credits: 1_000_000, perMinute: 'none', perDay: 'none' },
    Date.now(),
  );
  const { key } = server.books.keys.create(account.id);
  const path = join(server.stagingFolder, 'bench-source');
  await copyFile(options.picture, path);
  const { signal } = new AbortController();
  const file = { path, bytes: (await stat(path)).size, accountId: account.id };
  const { url } = await server.intake.take(file, signal);
  return async () => {
    const response = await fetch(`${server.url}/api/${options.operation}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ image_url: url }),
    });
    const answer = await response.text();
    if (response.status !== 200)
      throw new Error(`The server answered ${response.status}: ${answer}`);
  };
}

async function bench(options: BenchOptions): Promise<readonly Measurement[]> {
  const folder = await mkdtemp(join(tmpdir(), 'garnish-bench-'));
  const config: Config = { ...loadConfig(), dataDir: folder, host: '127.0.0.1', port: 0 };
  const server = await startServer(config, createLog('error'));
  try {
    const registry = await PackRegistry.load([STARTER_PACKS]);
    const task = options.operation === 'upscale' ? 'super-resolution' : 'segmentation';
    const pack = registry.enginePacks().find((candidate) => candidate.task === task);
    if (pack === undefined) throw new Error(`No pack for ${options.operation} is installed.`);
    const bare = () =>
      measureBare(
        {
          pack,
          operation: ENGINE_OPERATIONS[options.operation],
          sourcePath: options.picture,
          outputStem: join(folder, 'bare'),
          limits: sourceLimits(config),
          count: options.images,
        },
        server.engine.slots,
        options.images,
      );
    const call = await prepareCall(server, options);
    await call();
    const before = await bare();
    const measured: Measurement[] = [];
    for (const lanes of options.concurrency.split(',').map(wholeNumber(1))) {
      measured.push(await measure(`HTTP, concurrency ${lanes}`, lanes, options.images, call));
    }
    const imagesPerS = (before + (await bare())) / 2;
    return [
      { name: `bare loops, ${server.engine.slots}`, imagesPerS, p50Ms: null, p95Ms: null },
      ...measured,
    ];
  } finally {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function report(options: BenchOptions, measurements: readonly Measurement[]): void {
  const bare = measurements[0]?.imagesPerS ?? Number.NaN;
  const rounded = (value: number | null) => (value === null ? null : Math.round(value));
  const rows = measurements.map(({ name, imagesPerS, p50Ms, p95Ms }) => ({
    setting: name,
    'images/s': Number(imagesPerS.toFixed(2)),
    ratio: Number((imagesPerS / bare).toFixed(2)),
    'p50 ms': rounded(p50Ms),
    'p95 ms': rounded(p95Ms),
  }));
  const [cpu] = cpus();
  const machine = `${cpus().length} x ${cpu?.model ?? 'CPU'}, Node ${process.versions.node}`;
  if (options.json) {
    printJson({ operation: options.operation, machine, images: options.images, rows });
    return;
  }
  printLine(`${options.operation}, ${options.images} images each, ${machine}`);
  printTable(rows);
  printLine('ratio: images a second over those of bare onnxruntime-node loops in the same run');
}

/** Adds the command. */
export function addBenchCommand(program: Command): void {
  program
    .command('bench')
    .description('Measure the server beside bare inference loops, on this machine.')
    .addOption(
      new Option('--operation <name>', 'what to measure')
        .choices(['remove-background', 'upscale'])
        .default('remove-background'),
    )
    .option('--picture <file>', 'source picture', SAMPLE_DISH)
    .option('--images <n>', 'images for each setting', wholeNumber(1), 40)
    .option('--concurrency <list>', 'comma-separated', '1,4,16')
    .option('--json', 'print JSON')
    .action(async (options: BenchOptions) => report(options, await bench(options)));
}
