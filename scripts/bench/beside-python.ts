/**
 * The whole operation over HTTP beside a plain Python loop over the same graph, in one run.
 *
 *     npx tsx scripts/bench/beside-python.ts --python PYTHON [--picture FILE] [--side 320] [--count 12] [--concurrency 2]
 *
 * The picture is reduced to `--side` pixels on its long side. The Python (numpy, onnxruntime, pillow) runs scripts/bench/python_loop.py with as many threads as there are cores.
 * Upscaling 4x takes Real-ESRGAN compact where ../shared/weights has it, else the pack of the repository; removing
 * backgrounds the pack of the repository. The loop runs before and after the server, because a machine's speed wanders.
 */
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { SAMPLE_DISH } from '../../src/cli/first-run.ts';
import { startServer } from '../../src/cli/server.ts';
import { loadConfig } from '../../src/config.ts';
import { decodePicture, encodePicture } from '../../src/imaging/codec.ts';
import { reducePicture } from '../../src/imaging/reduce-picture.ts';
import { createLog } from '../../src/observability/log.ts';
import { MACHINE } from '../../test/support/machine.ts';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const LOOP = at('./python_loop.py');
const REAL_ESRGAN = at('../../../shared/weights/realesr-general-x4v3.onnx');

const { values } = parseArgs({
  options: {
    python: { type: 'string' },
    picture: { type: 'string', default: SAMPLE_DISH },
    side: { type: 'string', default: '320' },
    count: { type: 'string', default: '12' },
    concurrency: { type: 'string', default: '2' },
  },
});
const { python } = values;
if (python === undefined) throw new Error('Expected a Python for --python.');
const count = Number(values.count);
const lanes = Number(values.concurrency);

interface Case {
  readonly operation: 'upscale' | 'remove-background';
  readonly body: object;
  readonly graph: string;
  /** Folder of packs that the server has beside those of the repository. */
  readonly packsDir?: string;
}

const root = mkdtempSync(join(tmpdir(), 'garnish-beside-'));
const picture = join(root, 'picture.jpg');
const LIMITS = { maxPixels: 4e7, minSidePx: 16, maxSidePx: 8192, maxAspectRatio: 20 };
const whole = await decodePicture(values.picture, LIMITS);
await encodePicture(await reducePicture(whole, Number(values.side)), 'jpg', picture);

/** Real-ESRGAN compact as the pack that upscales, where its graph is there. */
function upscaleCase(): Case {
  const body = { scale: 4 };
  if (!existsSync(REAL_ESRGAN)) {
    return { operation: 'upscale', body, graph: at('../../models/garnish-upscale/x4.onnx') };
  }
  const folder = join(root, 'packs', 'real-esrgan-compact');
  mkdirSync(folder, { recursive: true });
  copyFileSync(REAL_ESRGAN, join(folder, 'x4.onnx'));
  const manifest = {
    id: 'real-esrgan-compact',
    ...{ task: 'super-resolution', family: 'real-esrgan' },
    licence: { spdx: 'BSD-3-Clause', commercialUse: true },
    files: [{ role: 'x4', path: 'x4.onnx' }],
  };
  writeFileSync(join(folder, 'pack.json'), JSON.stringify(manifest));
  return { operation: 'upscale', body, graph: REAL_ESRGAN, packsDir: join(root, 'packs') };
}

/** Pictures a second of the loop. @throws Error when it fails. */
function pythonPace({ operation, graph }: Case): number {
  const threads = String(availableParallelism());
  const args = [LOOP, operation, graph, picture, String(count), threads];
  const { status, stdout, stderr } = spawnSync(python ?? '', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`The Python loop failed: ${stderr}`);
  return Number(stdout);
}

/** Pictures a second over HTTP, each fetched from an upload, made, stored and charged. */
async function serverPace({ operation, body, packsDir }: Case): Promise<number> {
  const dataDir = mkdtempSync(join(root, 'data-'));
  const place = { dataDir, host: '127.0.0.1', port: 0 };
  const config = { ...loadConfig(), ...place, ...(packsDir === undefined ? {} : { packsDir }) };
  const server = await startServer(config, createLog('error'));
  try {
    const account = server.accounts.create(
      { plan: 'enterprise', credits: 1_000_000, perMinute: 'none', perDay: 'none' },
      Date.now(),
    );
    const { key } = server.books.keys.create(account.id);
    const path = join(server.stagingFolder, 'source');
    copyFileSync(picture, path);
    const file = { path, bytes: statSync(path).size, accountId: account.id };
    const { url } = await server.intake.take(file, new AbortController().signal);
    const call = async () => {
      const response = await fetch(`${server.url}/api/${operation}`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
        body: JSON.stringify({ image_url: url, ...body }),
      });
      if (response.status !== 200) throw new Error(await response.text());
      await response.arrayBuffer();
    };
    await call();
    let left = count;
    const startedMs = performance.now();
    await Promise.all(
      Array.from({ length: lanes }, async () => {
        while (left > 0) {
          left -= 1;
          await call();
        }
      }),
    );
    return count / ((performance.now() - startedMs) / 1000);
  } finally {
    await server.stop();
  }
}

try {
  process.stdout.write(`${MACHINE}, ${count} pictures each, concurrency ${lanes}\n`);
  const cutout: Case = {
    operation: 'remove-background',
    body: {},
    graph: at('../../models/garnish-cutout/model.onnx'),
  };
  for (const one of [upscaleCase(), cutout]) {
    const before = pythonPace(one);
    const served = await serverPace(one);
    const loop = (before + pythonPace(one)) / 2;
    process.stdout.write(
      `${one.operation}: server ${served.toFixed(2)}, Python loop ${loop.toFixed(2)} pictures a second, ratio ${(served / loop).toFixed(2)}\n`,
    );
  }
} finally {
  rmSync(root, { recursive: true, force: true });
}
