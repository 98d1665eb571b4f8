/** `garnish packs ps`, `load` and `unload` as processes of their own, against a server that runs. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../support/server.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
let garnish: TestServer;
let key: string;

beforeAll(async () => {
  garnish = await startTestServer({ GARNISH_ENGINE_WORKERS: '1' });
  key = garnish.newKey({}, { scopes: ['admin'] }).key;
});
afterAll(() => garnish.stop());

/** Run a command. @returns Its output, or what it said when it failed. */
const garnishPacks = (args: readonly string[], env: Record<string, string> = {}) =>
  new Promise<{ code: number; output: string; errors: string }>((resolve) => {
    execFile(
      process.execPath,
      ['--import', 'tsx', 'src/main.ts', 'packs', ...args],
      { cwd: ROOT, env: { PATH: process.env['PATH'], ...env } },
      (error, output, errors) => resolve({ code: error === null ? 0 : 1, output, errors }),
    );
  });

const ours = (...args: readonly string[]) =>
  garnishPacks([...args, '--url', garnish.url], { GARNISH_API_KEY: key });

it('shows what is in memory, gives it back and brings it in again', async () => {
  const { output } = await ours('ps');
  const [heading, row] = output.split('\n');
  expect(heading).toMatch(/^pack +task +device +provider +process +copies +MiB each +measured/);
  expect(row).toMatch(/^garnish-cutout +segmentation +cpu +cpu +\d+ +1 +[\d.]+ +yes +no +for ever/);
  expect(output).toMatch(/\ncpu: [\d.]+ MiB of packs, a budget of \d+; the process has/);

  expect(await ours('unload', 'garnish-cutout')).toMatchObject({
    output: 'garnish-cutout is out of memory.\n',
  });
  const loaded = await ours('load', 'garnish-cutout', '--keep-alive', '90', '--pin');
  expect(loaded.output).toBe('garnish-cutout is in memory on cpu.\n');
  expect(await ours('load', 'garnish-cutout')).toMatchObject({ code: 0 });
  const { packs } = JSON.parse((await ours('ps', '--json')).output) as { packs: object[] };
  expect(packs).toContainEqual(
    expect.objectContaining({
      id: 'garnish-cutout',
      loaded: [expect.objectContaining({ pinned: true, keep_alive_s: 90 })],
    }),
  );
});

it('says in one line what is wrong', async () => {
  const faults = await Promise.all([
    garnishPacks(['ps', '--url', garnish.url]),
    garnishPacks(['ps', '--url', garnish.url, '--key', garnish.key]),
    garnishPacks(['ps', '--key', key], { GARNISH_PORT: '9' }),
    ours('load', 'none'),
    ours('load', 'garnish-cutout', '--keep-alive', 'long'),
  ]);
  expect(faults.map(({ code }) => code)).toEqual([1, 1, 1, 1, 1]);
  const said = faults.map(({ errors }) => errors);
  expect(said[0]).toMatch(/^garnish: A key with the scope admin is needed/);
  expect(said[1]).toBe('garnish: This key lacks the scope admin. (403 forbidden)\n');
  expect(said[2]).toMatch(/^garnish: No server answers on http:\/\/127\.0\.0\.1:9: /);
  expect(said[3]).toBe('garnish: No pack in use has this id. (404 not_found)\n');
  expect(said[4]).toMatch(/Expected a whole number/);
});
