/** What is installed and what is shipped. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MIB = 1024 * 1024;

interface Lock {
  readonly packages: Readonly<Record<string, { readonly resolved?: string }>>;
}
const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as Lock;

it.each(['onnxruntime-node', 'sharp'])('installs one copy of %s', (name) => {
  const copies = Object.keys(lock.packages).filter((path) => path.endsWith(`node_modules/${name}`));
  expect(copies).toEqual([`node_modules/${name}`]);
});

it('records no download addresses in the lockfile', () => {
  const addressed = Object.values(lock.packages).filter(({ resolved }) =>
    resolved?.startsWith('http'),
  );
  expect(addressed).toEqual([]);
});

it('pins every dependency to one version', () => {
  const { dependencies, devDependencies } = JSON.parse(
    readFileSync(join(ROOT, 'package.json'), 'utf8'),
  ) as Record<string, Record<string, string>>;
  for (const version of Object.values({ ...dependencies, ...devDependencies })) {
    expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  }
});

it('keeps the starter packs small, with a card for each', () => {
  const models = join(ROOT, 'models');
  const files = readdirSync(models, { recursive: true, encoding: 'utf8' })
    .map((name) => statSync(join(models, name)))
    .filter((entry) => entry.isFile());
  expect(files.length).toBeGreaterThan(0);
  expect(Math.max(...files.map(({ size }) => size))).toBeLessThanOrEqual(20_000_000);
  expect(files.reduce((sum, { size }) => sum + size, 0)).toBeLessThanOrEqual(40 * MIB);
  const packs = readdirSync(models, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const { name: pack } of packs) {
    expect(existsSync(join(models, pack, 'pack.json')), pack).toBe(true);
    expect(existsSync(join(models, pack, 'MODEL_CARD.md')), pack).toBe(true);
  }
});
