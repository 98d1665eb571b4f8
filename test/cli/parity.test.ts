import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { afterEach, expect, it, vi } from 'vitest';
import { addParityCommand } from '../../src/cli/parity.ts';

const GOLDEN = fileURLToPath(new URL('../golden/schedulers/unipc.json', import.meta.url));

afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = 0;
});

async function parity(file: string, ...flags: string[]): Promise<string> {
  let text = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  const program = new Command();
  addParityCommand(program);
  await program.parseAsync(['node', 'garnish', 'parity', '--scheduler-run', file, ...flags]);
  return text;
}

it('prints every stage of a scheduler run as JSON', async () => {
  const result = JSON.parse(await parity(GOLDEN, '--json')) as {
    passed: boolean;
    stages: { stage: string; largestDifference: number; limit: number }[];
  };
  expect(result.passed).toBe(true);
  expect(result.stages.map(({ stage }) => stage).slice(0, 4)).toEqual([
    'timesteps',
    'sigmas',
    'init noise sigma',
    'initial sample',
  ]);
  expect(process.exitCode ?? 0).toBe(0);
});

it('ends with exit code 1 where a stage is outside its limit', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'parity-'));
  const run = JSON.parse(readFileSync(GOLDEN, 'utf8')) as { timesteps: number[] };
  const file = join(folder, 'run.json');
  writeFileSync(file, JSON.stringify({ ...run, timesteps: run.timesteps.map((t) => t + 1) }));
  expect(await parity(file)).toContain('outside the limits');
  expect(process.exitCode).toBe(1);
  rmSync(folder, { recursive: true });
});

it('says which file is not a run', async () => {
  await expect(parity('/nowhere.json')).rejects.toThrow('/nowhere.json');
});

it('takes either a scheduler run, or a pack and a case', async () => {
  await expect(parity(GOLDEN, '--pack', '/nowhere')).rejects.toThrow('either --scheduler-run');
});
