/** `garnish packs` as processes of their own, against a small hub. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { filesIn, scratch } from '../packs/hub/fixture.ts';
import { bytesOf, COMMIT, REPOSITORY, serve, TestHub } from '../packs/hub/test-hub.ts';
import { refuseNetwork } from '../support/refusing-network.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MODEL = bytesOf(3_000_000);

vi.setConfig({ testTimeout: 120_000 }); // a process takes seconds to start where many run

interface Finished {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

interface Bench {
  readonly hub: TestHub;
  readonly folder: string;
  readonly packsDir: string;
  start(args: readonly string[], env?: Readonly<Record<string, string>>): ChildProcess;
  run(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Finished>;
}

async function finish(child: ChildProcess): Promise<Finished> {
  let output = '';
  let errors = '';
  child.stdout?.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    errors += chunk;
  });
  const [code] = await once(child, 'close');
  return { code: code as number | null, output, errors };
}

async function openBench(): Promise<Bench> {
  const hub = await TestHub.start({ 'onnx/model.onnx': MODEL, 'config.json': Buffer.from('{}') });
  const folder = scratch();
  const packsDir = join(folder, 'packs');
  const catalogue = join(folder, 'catalogue.json');
  const entry = {
    ...{ id: 'dishes', version: '1.0.0', name: 'Dishes', description: 'Finds dishes.' },
    ...{ task: 'segmentation', family: 'salient-object', precision: 'fp32', memoryMiB: 10 },
    ...{ inputs: {}, licence: { spdx: 'CC-BY-NC-4.0', commercialUse: false } },
    ...{ repository: REPOSITORY, revision: 'main', verified: null, facts: [] },
    files: [
      { from: 'onnx/model.onnx', path: 'model.onnx', role: 'model' },
      { from: 'config.json', path: 'config.json', role: 'config' },
    ],
  };
  const toExport = {
    ...{ id: 'drawer', name: 'Drawer', description: 'Draws dishes.', task: 'text-to-image' },
    ...{ family: 'diffusers', precision: 'fp16', memoryMiB: 10, checkpoint: REPOSITORY },
    ...{ licence: { spdx: 'MIT', commercialUse: true }, facts: [] },
  };
  const content = { catalogueVersion: 1, packs: [entry], toExport: [toExport] };
  writeFileSync(catalogue, JSON.stringify(content));
  const children: ChildProcess[] = [];
  onTestFinished(() => {
    for (const child of children) child.kill('SIGKILL');
  });
  const start: Bench['start'] = (args, env = {}) => {
    const withCatalogue = args[0] === 'verify' ? [] : ['--catalogue', catalogue];
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', join(ROOT, 'src', 'main.ts'), 'packs', ...args, ...withCatalogue],
      {
        cwd: ROOT,
        env: {
          PATH: process.env['PATH'] ?? '',
          GARNISH_PACKS_DIR: packsDir,
          HF_ENDPOINT: hub.url,
          HF_TOKEN: 'hf_secret',
          ...env,
        },
      },
    );
    children.push(child);
    return child;
  };
  return { hub, folder, packsDir, start, run: (args, env) => finish(start(args, env)) };
}

const PULL = ['pull', 'dishes', '--accept-licence', 'CC-BY-NC-4.0'];

let bench: Bench;
beforeEach(async () => {
  bench = await openBench();
});

async function until(isSo: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 60_000;
  while (!isSo()) {
    if (performance.now() > deadlineMs) throw new Error('It never came to this.');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('garnish packs pull', () => {
  it('that is killed in the middle goes on where it was, and ends verified', async () => {
    const { hub, packsDir, start, run } = bench;
    // The first answer stays open after a third of the file.
    hub.serve = (request, response, content) => {
      if (content.length < 1000) return serve(request, response, content);
      response.writeHead(200, { 'content-length': content.length, etag: '"v1"' });
      response.write(content.subarray(0, 1_000_000));
    };
    const part = join(packsDir, '.staging-dishes', 'pack', 'model.onnx.part');
    const child = start(PULL);
    await until(() => existsSync(part) && statSync(part).size === 1_000_000);
    child.kill('SIGKILL');
    await once(child, 'close');
    expect(existsSync(join(packsDir, 'dishes'))).toBe(false);

    hub.requests.length = 0;
    hub.serve = (request, response, content) => {
      if (request.headers['if-range'] === '"v1"') delete request.headers['if-range'];
      response.setHeader('etag', '"v1"');
      const setHeader = response.setHeader.bind(response);
      response.setHeader = (name, value) => (name === 'etag' ? response : setHeader(name, value));
      serve(request, response, content);
    };
    const { code, output, errors } = await run([...PULL, '--json']);
    expect({ code, errors }).toMatchObject({ code: 0 });
    expect(JSON.parse(output)).toEqual({
      ...{ id: 'dishes', folder: join(packsDir, 'dishes'), commit: COMMIT },
      bytes: MODEL.length + 2,
    });
    const asked = hub.bytesRequests('onnx/model.onnx').map(({ headers }) => headers.range);
    expect(asked).toEqual(['bytes=1000000-']);
    expect(hub.bytesRequests('config.json')).toEqual([]);
    expect(readFileSync(join(packsDir, 'dishes', 'model.onnx')).equals(MODEL)).toBe(true);
    expect(filesIn(packsDir)).toHaveLength(4);
    expect(errors).toContain('dishes is unverified');
    expect(errors).not.toContain('hf_secret');

    const verified = await run(['verify', 'dishes']);
    expect(verified.code).toBe(0);
    expect(verified.output).toMatch(new RegExp(`dishes +whole +${COMMIT}`));
  });

  it('stops at Ctrl-C with a sentence, and keeps what is there', async () => {
    const { hub, packsDir, start } = bench;
    hub.serve = (_request, response, content) => {
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, 1));
    };
    const child = start(PULL);
    const finished = finish(child);
    await until(() => hub.bytesRequests('onnx/model.onnx').length > 0);
    child.kill('SIGINT');
    const { code, errors } = await finished;
    expect(errors).toContain('garnish: Stopped. Run the same command again to go on.');
    expect(code).toBe(130);
    expect(filesIn(packsDir)).toContain('.staging-dishes/pack/model.onnx.part');
    expect(filesIn(packsDir)).not.toContain('.staging-dishes/lock');
  });

  it('refuses a licence that was not accepted by its name', async () => {
    const { hub, run } = bench;
    const { code, errors } = await run(['pull', 'dishes']);
    expect(code).toBe(1);
    expect(errors).toContain('--accept-licence CC-BY-NC-4.0');
    expect(hub.requests).toEqual([]);
  });

  it('opens no socket and asks no name offline, which a refusing resolver proves', async () => {
    const { folder, run } = bench;
    const { env: refusing, asked } = refuseNetwork(folder);
    const env = { ...refusing, HF_ENDPOINT: 'https://hub.example' };
    const offline = await run(PULL, { ...env, GARNISH_OFFLINE: '1' });
    expect(offline.code).toBe(1);
    expect(offline.errors).toContain('garnish: GARNISH_OFFLINE is set: https://hub.example/api/');
    expect(asked()).toBe('');
    for (const args of [['list'], ['show', 'dishes'], ['verify']]) {
      expect((await run(args, env)).code).toBe(0);
    }
    expect(asked()).toBe('');
    const child = bench.start(PULL, env);
    await until(() => asked() !== '');
    child.kill('SIGKILL');
  });
});

describe('garnish packs list and show', () => {
  it('tell what is installed and what can be pulled, and that nobody ran it', async () => {
    const { run } = bench;
    const listed = await run(['list']);
    expect(listed.output).toMatch(/garnish-cutout .*Apache-2\.0 .*installed/);
    expect(listed.output).toMatch(
      /dishes +segmentation +salient-object +fp32 +CC-BY-NC-4\.0 +false +- .*kitchen\/dishes@main +available +unverified/,
    );
    expect(listed.output).toContain('unverified: taken from public documentation');
    const shown = JSON.parse((await run(['show', 'dishes', '--json'])).output);
    expect(shown).toMatchObject({
      ...{ id: 'dishes', state: 'available', checked: 'unverified', commercial: false },
      files: [{ path: 'model.onnx', role: 'model', bytes: null }, { path: 'config.json' }],
    });
    const drawer = JSON.parse((await run(['show', 'drawer', '--json'])).output);
    expect(drawer).toMatchObject({ state: 'to export', checked: 'unverified' });
  });

  it('tell what a pulled pack is from, and verify finds what was changed', async () => {
    const { packsDir, run } = bench;
    expect((await run(PULL)).code).toBe(0);
    const shown = await run(['show', 'dishes']);
    expect(shown.output).toMatch(/state +installed/);
    expect(shown.output).toMatch(/checked +unverified/);
    expect(shown.output).toContain(COMMIT);
    const rows = JSON.parse((await run(['list', '--json'])).output);
    expect(rows).toContainEqual(
      expect.objectContaining({
        ...{ id: 'dishes', state: 'installed', checked: 'unverified', bytes: 3_000_002 },
        from: `${REPOSITORY}@${COMMIT.slice(0, 12)}`,
      }),
    );
    writeFileSync(join(packsDir, 'dishes', 'config.json'), '[]');
    const bare = {
      ...{ id: 'bare', task: 'segmentation', family: 'u2net' },
      licence: { spdx: 'MIT', commercialUse: true },
      files: [{ role: 'model', path: 'a.onnx' }],
    };
    mkdirSync(join(packsDir, 'bare'));
    writeFileSync(join(packsDir, 'bare', 'a.onnx'), MODEL);
    writeFileSync(join(packsDir, 'bare', 'pack.json'), JSON.stringify(bare));
    const { code, output } = await run(['verify', '--json']);
    expect(code).toBe(1);
    expect(JSON.parse(output)).toContainEqual({
      ...{ id: 'dishes', result: 'damaged', commit: COMMIT },
      problem: expect.stringContaining('config.json does not have the SHA-256 of its manifest'),
    });
    expect(JSON.parse(output)).toContainEqual({
      ...{ id: 'bare', result: 'unsealed', commit: null },
      problem: 'pack.json has no SHA-256 for a.onnx: it cannot be checked.',
    });
    const bareRow = JSON.parse((await run(['list', '--json'])).output);
    expect(bareRow).toContainEqual(expect.objectContaining({ id: 'bare', bytes: 3_000_000 }));
  });

  it('name the packs there are when one is unknown', async () => {
    const { run } = bench;
    const { code, errors } = await run(['show', 'soup']);
    expect(code).toBe(1);
    expect(errors).toContain('garnish: The catalogue has no pack soup. It has: dishes, drawer.');
  });
});
