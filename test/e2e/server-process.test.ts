/** The built server as its own process: first run, commands beside it, signals, and what a kill leaves. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { selfSigned } from '../fetching/self-signed.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MAIN = join(ROOT, 'dist', 'main.js');
const run = promisify(execFile);

let dataDir: string;
const processes: ChildProcess[] = [];

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'garnish-e2e-'));
});
afterEach(() => {
  for (const child of processes.splice(0)) child.kill('SIGKILL');
  rmSync(dataDir, { recursive: true, force: true });
});

const environment = (extra: Record<string, string> = {}) => ({
  PATH: process.env['PATH'] ?? '',
  GARNISH_DATA_DIR: dataDir,
  GARNISH_PORT: '0',
  GARNISH_DEVICES: 'cpu',
  GARNISH_MIN_FREE_DISK_MIB: '0',
  ...extra,
});

interface Started {
  readonly child: ChildProcess;
  readonly url: string;
  /** What it printed for people, up to now. */
  output(): string;
  readonly exit: Promise<number | null>;
}

async function start(extra: Record<string, string> = {}): Promise<Started> {
  const child = spawn(process.execPath, [MAIN, 'serve'], { env: environment(extra) });
  processes.push(child);
  let output = '';
  let log = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    log += chunk;
  });
  const exit = once(child, 'exit').then(([code]) => code as number | null);
  const deadlineMs = performance.now() + 60_000;
  while (!/Documentation/.test(output) || (extra['FIRST'] === '1' && !/curl/.test(output))) {
    if (performance.now() > deadlineMs || child.exitCode !== null) {
      throw new Error(`The server did not start: ${output}${log}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { child, url: /https?:\/\/\S+/.exec(output)?.[0] ?? '', output: () => output, exit };
}

const garnish = async (...args: readonly string[]) =>
  (await run(process.execPath, [MAIN, ...args], { env: environment() })).stdout;

const call = (url: string, path: string, key: string, body: unknown) =>
  fetch(`${url}${path}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });

it('prints a key and a curl line that work, and prints them once', async () => {
  const first = await start({ FIRST: '1' });
  const line = first
    .output()
    .split('\n')
    .find((text) => text.startsWith('curl '));
  const key = /Bearer (\S+)"/.exec(line ?? '')?.[1] ?? '';
  const body = /-d '(.*)'/.exec(line ?? '')?.[1] ?? '';
  expect(first.output()).toContain('1000 credits');
  const answer = await call(first.url, '/api/remove-background', key, JSON.parse(body));
  expect(answer.status).toBe(200);
  expect(readdirSync(join(dataDir, 'cdn', 'nobg'))).toHaveLength(1);
  first.child.kill('SIGTERM');
  expect(await first.exit).toBe(0);
  const second = await start();
  expect(second.output()).not.toContain('garnish_');
  second.child.kill('SIGTERM');
  expect(await second.exit).toBe(0);
  for (const name of readdirSync(dataDir).filter((file) => file.startsWith('garnish.db'))) {
    expect(readFileSync(join(dataDir, name)).includes(key)).toBe(false);
  }
}, 120_000);

it('takes commands while it runs, and lets a running call end when it is told to stop', async () => {
  const server = await start({ FIRST: '1' });
  const sampleUrl = /"image_url": "([^"]+)"/.exec(server.output())?.[1];
  const firstKey = /Bearer (\S+)"/.exec(server.output())?.[1] ?? '';
  const account = JSON.parse(
    await garnish('accounts', 'create', '--plan', 'growth', '--credits', '50', '--json'),
  );
  expect(account).toEqual({ account_id: expect.stringMatching(/^acc_[a-z0-9]{26}$/) });
  const key = JSON.parse(
    await garnish('keys', 'create', '--account', account.account_id, '--json'),
  );
  expect(Object.keys(key)).toEqual(['key_id', 'key']);
  const credits = await fetch(`${server.url}/api/account/credits`, {
    headers: { Authorization: `Bearer ${key.key}` },
  });
  expect(await credits.json()).toMatchObject({ credits: 50, subscription_plan: 'growth' });
  const running = call(server.url, '/api/upscale', firstKey, { image_url: sampleUrl });
  await new Promise((resolve) => setTimeout(resolve, 300));
  server.child.kill('SIGTERM');
  expect((await running).status).toBe(200);
  expect(await server.exit).toBe(0);
  expect(JSON.parse(await garnish('credits', 'audit', '--json'))).toEqual({ violations: [] });
}, 120_000);

it('a kill leaves no engine behind, and the next start gives the credits back', async () => {
  const server = await start({ FIRST: '1' });
  const sampleUrl = /"image_url": "([^"]+)"/.exec(server.output())?.[1];
  const key = /Bearer (\S+)"/.exec(server.output())?.[1] ?? '';
  const ready = (await (await fetch(`${server.url}/readyz`)).json()) as {
    devices: readonly { pid: number }[];
  };
  const cut = call(server.url, '/api/upscale', key, { image_url: sampleUrl, scale: 4 });
  cut.catch(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, 400));
  server.child.kill('SIGKILL');
  await server.exit;
  await expect(cut).rejects.toThrow();
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  for (const { pid } of ready.devices) expect(() => process.kill(pid, 0)).toThrow();
  const next = await start();
  const balance = await fetch(`${next.url}/api/account/credits`, {
    headers: { Authorization: `Bearer ${key}` },
  });
  expect(await balance.json()).toMatchObject({ credits: 1000, credits_used_this_month: 0 });
  expect(readdirSync(join(dataDir, 'staging'))).toEqual([]);
  expect(JSON.parse(await garnish('credits', 'audit', '--json'))).toEqual({ violations: [] });
}, 120_000);

it('a bad start is one plain line and an exit code', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as { port: number };
  const attempts: readonly (readonly [Record<string, string>, RegExp])[] = [
    [{ GARNISH_PORTT: '1' }, /^garnish: GARNISH_PORTT is not a setting/],
    [{ GARNISH_PORT: 'x' }, /^garnish: GARNISH_PORT: /],
    [{ GARNISH_PORT: String(port) }, new RegExp(`^garnish: Cannot listen on 127.0.0.1:${port}`)],
    [{ GARNISH_DEVICES: 'cuda:0' }, /^garnish: The engine for cuda:0 cannot start: /m],
    [{ GARNISH_PACKS_DIR: '/nonexistent' }, /^garnish: There is no folder/],
  ];
  for (const [extra, line] of attempts) {
    const failed = await run(process.execPath, [MAIN, 'serve'], { env: environment(extra) }).catch(
      (error: unknown) => error as { code: number; stderr: string },
    );
    expect(failed).toMatchObject({ code: 1 });
    expect(
      failed.stderr
        .split('\n')
        .filter((text) => text.startsWith('garnish: '))
        .join('\n'),
    ).toMatch(line);
  }
  taken.close();
}, 60_000);

it('a second server on the same data folder ends with one plain line, and the first goes on', async () => {
  const first = await start({ FIRST: '1' });
  const sampleUrl = /"image_url": "([^"]+)"/.exec(first.output())?.[1];
  const key = /Bearer (\S+)"/.exec(first.output())?.[1] ?? '';
  const running = call(first.url, '/api/upscale', key, { image_url: sampleUrl });
  const refused = await run(process.execPath, [MAIN, 'serve'], { env: environment() }).catch(
    (error: unknown) => error as { code: number; stdout: string; stderr: string },
  );
  expect(refused).toMatchObject({ code: 1, stdout: '' });
  expect(refused.stderr).toBe(`garnish: ${dataDir} is in use by another server.\n`);
  expect((await running).status).toBe(200);
  first.child.kill('SIGTERM');
  expect(await first.exit).toBe(0);
  expect(JSON.parse(await garnish('credits', 'audit', '--json'))).toEqual({ violations: [] });
  const next = await start();
  next.child.kill('SIGTERM');
  expect(await next.exit).toBe(0);
}, 120_000);

it('a start that fails late leaves nothing running', async () => {
  writeFileSync(join(dataDir, 'cdn'), 'a file where the folder should be');
  const failed = await run(process.execPath, [MAIN, 'serve'], { env: environment() }).catch(
    (error: unknown) => error as { code: number; stderr: string },
  );
  expect(failed).toMatchObject({ code: 1, stderr: expect.stringMatching(/^garnish: .*cdn/m) });
}, 60_000);

it('answers 503 and charges nothing when a call outlasts the time to stop', async () => {
  const server = await start({ FIRST: '1', GARNISH_SHUTDOWN_S: '1' });
  const sampleUrl = /"image_url": "([^"]+)"/.exec(server.output())?.[1];
  const key = /Bearer (\S+)"/.exec(server.output())?.[1] ?? '';
  const body = { image_url: sampleUrl, scale: 4 };
  const calls = Array.from({ length: 4 }, () => call(server.url, '/api/upscale', key, body));
  await new Promise((resolve) => setTimeout(resolve, 300));
  server.child.kill('SIGTERM');
  const answers = await Promise.all(calls);
  expect(answers.map(({ status }) => status)).toContain(503);
  const delivered = answers.filter(({ status }) => status === 200).length;
  expect(await server.exit).toBe(0);
  expect(JSON.parse(await garnish('credits', 'audit', '--json'))).toEqual({ violations: [] });
  const [account] = JSON.parse(await garnish('accounts', 'list', '--json'));
  expect(account.credits).toBe(1000 - 2 * delivered);
}, 60_000);

it('answers over TLS with the certificate it is given', async () => {
  const identity = selfSigned('localhost', new Date(Date.now() + 86_400_000));
  writeFileSync(join(dataDir, 'cert.pem'), identity.cert);
  writeFileSync(join(dataDir, 'key.pem'), identity.key);
  const server = await start({
    GARNISH_TLS_CERT: join(dataDir, 'cert.pem'),
    GARNISH_TLS_KEY: join(dataDir, 'key.pem'),
  });
  expect(server.url).toMatch(/^https:/);
  const status = await new Promise<number | undefined>((resolve, reject) => {
    request(`${server.url}/api/models`, { ca: identity.cert, servername: 'localhost' }, (res) => {
      res.resume();
      resolve(res.statusCode);
    })
      .on('error', reject)
      .end();
  });
  expect(status).toBe(200);
  server.child.kill('SIGTERM');
  expect(await server.exit).toBe(0);
}, 60_000);
