import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { MARCH, testBooks } from './fixture.ts';

const CHILD = fileURLToPath(new URL('./reserve-in-a-loop.ts', import.meta.url));

test('three processes that reserve at the same time cannot spend more than there is', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'garnish-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'garnish.db');
  const books = testBooks(path);
  const { id } = books.accounts.create({ plan: 'starter', credits: 31 }, MARCH);
  const children = Array.from({ length: 3 }, () => {
    const child = spawn(process.execPath, ['--import', 'tsx', CHILD, path, id, '40'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    return child;
  });
  await Promise.all(children.map(({ stdout }) => once(stdout, 'data')));
  const counts = children.map(async ({ stdin, stdout }) => {
    stdin.write('go\n');
    return Number(await text(stdout));
  });
  const got = await Promise.all(counts);
  expect(got.reduce((sum, count) => sum + count, 0)).toBe(31);
  expect(books.ledger.balance(id).total).toBe(0);
});
