/** The folder map of docs/architecture.md, enforced: who may import whom, and each native module's home. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const SRC = fileURLToPath(new URL('../src', import.meta.url));

/** Folder to the folders it may import from; everything may import errors, config and observability. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  cli: ['*'],
  contract: [],
  http: ['jobs', 'accounts', 'contract', 'results', 'packs', 'platforms', 'fetching'],
  jobs: ['accounts', 'engine', 'fetching', 'results', 'store'],
  accounts: ['store'],
  store: [],
  fetching: [],
  results: ['store'],
  packs: [],
  platforms: [],
  engine: ['packs'],
  inference: ['packs', 'imaging'],
  imaging: [],
  observability: [],
  'config.ts': ['config-fields.ts', 'config-residency.ts', 'config-sources.ts'],
  'config-residency.ts': ['config-fields.ts'],
};
const COMMON = [
  'errors.ts',
  'config.ts',
  'observability',
  join('engine', 'protocol.ts'),
  join('engine', 'picture-figures.ts'),
  join('engine', 'cutout-terms.ts'),
  join('engine', 'enhancement-terms.ts'),
  join('engine', 'residency-terms.ts'),
];
/** Folders that hold pure code: not even the common ones. */
const ALONE: readonly string[] = ['store', 'imaging', 'observability'];

/** Native or heavy module to the only file or folder that imports it. */
const HOMES: Readonly<Record<string, string>> = {
  sharp: join('imaging', 'codec.ts'),
  'onnxruntime-node': join('inference', 'session.ts'),
  'better-sqlite3': join('store', 'database.ts'),
  express: 'http',
};

interface Import {
  readonly file: string;
  readonly target: string;
}

function sourceFiles(): readonly string[] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.ts'));
}

function importsOf(file: string): readonly Import[] {
  const text = readFileSync(join(SRC, file), 'utf8');
  return [...text.matchAll(/(?:from|import)\s+'([^']+)'/g)].map(([, target = '']) => ({
    file,
    target: target.startsWith('.') ? normalize(join(dirname(file), target)) : target,
  }));
}

const all = sourceFiles().flatMap(importsOf);
const folderOf = (path: string) => (path.includes('/') ? (path.split('/', 1)[0] ?? '') : path);

function isAllowed({ file, target }: Import): boolean {
  const from = folderOf(file);
  const to = folderOf(target);
  if (file === 'main.ts' || from === to) return true;
  const allowed = MAY_IMPORT[from];
  if (allowed === undefined) return false;
  if (allowed.includes('*') || allowed.includes(to)) return true;
  return !ALONE.includes(from) && COMMON.some((common) => target === common || to === common);
}

describe('imports', () => {
  it('go only in the directions of the folder map', () => {
    const own = all.filter(
      ({ target }) => !relative(SRC, join(SRC, target)).startsWith('..') && target.endsWith('.ts'),
    );
    expect(own.length).toBeGreaterThan(100);
    const wrong = own
      .filter((edge) => !isAllowed(edge))
      .map(({ file, target }) => `${file} -> ${target}`);
    expect(wrong).toEqual([]);
  });

  it('reach each native module from its one home', () => {
    for (const [module, home] of Object.entries(HOMES)) {
      const importers = all.filter(({ target }) => target === module).map(({ file }) => file);
      expect(importers.length, module).toBeGreaterThan(0);
      const strays = importers.filter((file) => file !== home && !file.startsWith(`${home}/`));
      expect(strays, module).toEqual([]);
    }
  });
});

it('writes every result of an engine in one place, so that no operation leaves out the watermark', () => {
  const encoders = sourceFiles().filter(
    (file) =>
      file.startsWith('inference/') &&
      /\bencode(Picture|Grey)\b/.test(readFileSync(join(SRC, file), 'utf8')),
  );
  expect(encoders).toEqual([join('inference', 'operations', 'write-result.ts')]);
});

it('reads the environment in config.ts alone, but for what a child process inherits', () => {
  const readers = sourceFiles().filter((file) =>
    /process\.env\b(?!,)/.test(
      readFileSync(join(SRC, file), 'utf8').replace(/\.\.\.process\.env/g, ''),
    ),
  );
  expect(readers).toEqual(['config.ts', join('contract', 'examples.ts')]);
});

it('keeps files readable in one sitting: at most 250 lines', () => {
  const long = sourceFiles().filter(
    (file) => readFileSync(join(SRC, file), 'utf8').split('\n').length > 251,
  );
  expect(long).toEqual([]);
});
