// Builds dist/: tsc, then the files that are not TypeScript (SQL migrations, data, static pages).
// `--if-needed` skips the work when dist/ is newer than every source; `--quiet` prints nothing.
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const source = join(root, 'src');
const output = join(root, 'dist');
const stamp = join(output, '.built');
const flags = new Set(process.argv.slice(2));

function newestMs(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce(
      (newest, entry) => Math.max(newest, statSync(join(entry.parentPath, entry.name)).mtimeMs),
      0,
    );
}

const isCurrent =
  flags.has('--if-needed') &&
  existsSync(stamp) &&
  statSync(stamp).mtimeMs >
    Math.max(newestMs(source), statSync(join(root, 'package.json')).mtimeMs);

if (!isCurrent) {
  if (!flags.has('--quiet')) console.error('Building dist/ …');
  const fresh = `${output}.${process.pid}`;
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const build = spawnSync(
    process.execPath,
    [tsc, '-p', join(root, 'tsconfig.json'), '--outDir', fresh],
    { stdio: ['ignore', 2, 2] },
  );
  if (build.status !== 0) {
    rmSync(fresh, { recursive: true, force: true });
    process.exit(build.status ?? 1);
  }
  cpSync(source, fresh, {
    recursive: true,
    filter: (path) => statSync(path).isDirectory() || !path.endsWith('.ts'),
  });
  // Only a finished build takes the old one's place: a running server starts engines from it.
  rmSync(output, { recursive: true, force: true });
  renameSync(fresh, output);
  writeFileSync(stamp, '');
}
