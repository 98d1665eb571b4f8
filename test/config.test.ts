/** Settings: environment over file, `_FILE` values, and one plain line for each mistake. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ConfigError, environmentName, loadConfig } from '../src/config.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'garnish-config-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const linesOf = (env: Record<string, string>): readonly string[] => {
  try {
    loadConfig(env, folder);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.lines;
    throw error;
  }
};

it('has the defaults of the contract', () => {
  expect(loadConfig({}, folder)).toMatchObject({
    host: '127.0.0.1',
    port: 8787,
    dataDir: join(folder, 'data'),
    devices: ['auto'],
    maxSourceBytes: 20 * 1024 * 1024,
    maxSourcePixels: 40_000_000,
    minSidePx: 16,
    maxSidePx: 8192,
    maxAspectRatio: 20,
    maxResultPixels: 200_000_000,
    maxBodyBytes: 65_536,
    deadlineS: 300,
    retentionDays: 30,
    uploadHours: 24,
    anonymousPerMinute: 60,
    addressPerMinute: 600,
  });
});

it('takes the environment before the file', () => {
  writeFileSync(join(folder, 'garnish.config.json'), '{"port": 9000, "fetchAllow": ["a", "b"]}');
  expect(loadConfig({}, folder)).toMatchObject({ port: 9000, fetchAllow: ['a', 'b'] });
  expect(loadConfig({ GARNISH_PORT: '9001' }, folder).port).toBe(9001);
});

it('reads a value from the file that _FILE names', () => {
  writeFileSync(join(folder, 'url'), 'https://dishes.example\n');
  const config = loadConfig({ GARNISH_PUBLIC_URL_FILE: join(folder, 'url') }, folder);
  expect(config.publicUrl).toBe('https://dishes.example');
});

it("reads the hub's own names, and believes ours before them", () => {
  const foreign = { HF_ENDPOINT: 'https://mirror.example', HF_TOKEN: 'hf_theirs' };
  expect(loadConfig({}, folder).hubUrl).toBe('https://huggingface.co');
  expect(loadConfig({ ...foreign, HF_TOKEN: '' }, folder).hubToken).toBeUndefined();
  expect(loadConfig(foreign, folder)).toMatchObject({
    ...{ hubUrl: 'https://mirror.example', hubToken: 'hf_theirs' },
  });
  writeFileSync(join(folder, 'token'), 'hf_ours\n');
  const ours = { GARNISH_HUB_TOKEN_FILE: join(folder, 'token') };
  expect(loadConfig({ ...ours, ...foreign }, folder).hubToken).toBe('hf_ours');
  const [line = ''] = linesOf({ HF_TOKEN: 'hf secret' });
  expect(line).toContain('GARNISH_HUB_TOKEN');
  expect(line).not.toContain('secret');
});

it('tells every mistake, one line each', () => {
  writeFileSync(join(folder, 'garnish.config.json'), '{"prot": 1}');
  const lines = linesOf({
    GARNISH_PROT: '1',
    GARNISH_PORT: '70000',
    GARNISH_DEVICES: 'gpu',
    GARNISH_PUBLIC_URL: 'dishes.example',
    GARNISH_ALLOW_HTTP: 'maybe',
    GARNISH_HOST_FILE: '/nonexistent',
  });
  expect(lines).toHaveLength(7);
  for (const name of [
    'prot ',
    'PROT',
    'PORT',
    'DEVICES',
    'PUBLIC_URL',
    'ALLOW_HTTP',
    'HOST_FILE',
  ]) {
    expect(lines.filter((line) => line.includes(name)).length, name).toBeGreaterThan(0);
  }
  for (const line of lines) expect(line).not.toContain('\n');
});

it('wants certificate and key together', () => {
  expect(linesOf({ GARNISH_TLS_CERT: '/a' })).toHaveLength(1);
});

it('refuses a configuration file that is no JSON', () => {
  writeFileSync(join(folder, 'garnish.config.json'), '{');
  expect(linesOf({})).toHaveLength(1);
});

it('names settings in the environment by their words', () => {
  expect(environmentName('fetchAllow')).toBe('GARNISH_FETCH_ALLOW');
});
