/** Runs a command inside the test, on books of its own and at a fixed time. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { onTestFinished, vi } from 'vitest';
import { type Books, openBooks } from '../../src/cli/books.ts';
import { MARCH } from '../accounts/fixture.ts';

/** What a command left behind. */
export interface CommandRun {
  /** What it printed. */
  readonly output: string;
  /** What it threw, which `main.ts` prints as one line with exit code 1. */
  readonly error: string | undefined;
  /** The exit code it set by itself. */
  readonly exitCode: number | string | null | undefined;
}

/** A command line over one data folder. */
export interface CommandLine {
  /** The same books as a running server has them open: another connection to the file. */
  readonly books: Books;
  run(...args: readonly string[]): Promise<CommandRun>;
  /** The printed JSON of a command that must succeed. */
  json(...args: readonly string[]): Promise<unknown>;
}

async function run(add: (program: Command) => void, args: readonly string[]): Promise<CommandRun> {
  let output = '';
  const print = (text: unknown) => {
    output += String(text);
    return true;
  };
  const program = new Command('garnish')
    .exitOverride()
    .configureOutput({ writeOut: print, writeErr: () => undefined });
  add(program);
  const stdout = vi.spyOn(process.stdout, 'write').mockImplementation(print);
  const exitCodeBefore = process.exitCode;
  try {
    await program.parseAsync([...args], { from: 'user' });
    return { output, error: undefined, exitCode: process.exitCode };
  } catch (error) {
    return { output, error: (error as Error).message, exitCode: process.exitCode };
  } finally {
    process.exitCode = exitCodeBefore;
    stdout.mockRestore();
  }
}

/** @param add What adds the command under test. */
export function commandLine(add: (program: Command) => void): CommandLine {
  const dataDir = mkdtempSync(join(tmpdir(), 'garnish-test-'));
  vi.stubEnv('GARNISH_DATA_DIR', dataDir);
  vi.useFakeTimers({ now: MARCH, toFake: ['Date'] });
  const books = openBooks(dataDir);
  onTestFinished(() => {
    books.database.close();
    vi.useRealTimers();
    vi.unstubAllEnvs();
    rmSync(dataDir, { recursive: true, force: true });
  });
  return {
    books,
    run: (...args) => run(add, args),
    json: async (...args) => {
      const { output, error } = await run(add, args);
      if (error !== undefined) throw new Error(error);
      return JSON.parse(output);
    },
  };
}
