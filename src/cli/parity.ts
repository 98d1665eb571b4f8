/** `garnish parity`: how far a recorded run of the reference lies from ours, stage by stage. For developers of new families. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import {
  type RecordedSchedulerRun,
  type SchedulerParity,
  schedulerParity,
} from '../inference/diffusion/scheduler-parity.ts';
import { printJson, printLine, printTable } from './output.ts';

interface ParityFlags {
  readonly schedulerRun: string;
  readonly json?: true;
}

function readRun(file: string): RecordedSchedulerRun {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as RecordedSchedulerRun;
  } catch (cause) {
    throw new Error(`Expected a recorded scheduler run in ${file}: ${String(cause)}`, { cause });
  }
}

function printParity(parity: SchedulerParity): void {
  printTable(
    parity.stages.map(({ stage, largestDifference, limit }) => ({
      stage,
      difference: largestDifference.toExponential(2),
      limit: limit.toExponential(2),
      ok: largestDifference <= limit,
    })),
  );
  printLine(`${parity.scheduler} ${parity.id}: ${parity.passed ? 'within' : 'outside'} the limits`);
}

/** Adds the command to the program; the exit code is 1 where a stage lies outside its limit. */
export function addParityCommand(program: Command): void {
  program
    .command('parity')
    .description('Compare a recorded run of the reference with ours, stage by stage.')
    .requiredOption('--scheduler-run <file>', 'a recorded scheduler run')
    .option('--json', 'print one JSON value')
    .action((flags: ParityFlags) => {
      const parity = schedulerParity(readRun(flags.schedulerRun));
      if (flags.json) printJson(parity);
      else printParity(parity);
      if (!parity.passed) process.exitCode = 1;
    });
}
