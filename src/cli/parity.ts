/** `garnish parity`: how far a recorded run of the reference lies from ours, stage by stage. For developers of new families. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { caseParity } from '../inference/diffusion/case-parity.ts';
import type { StageDifference } from '../inference/diffusion/differences.ts';
import {
  type RecordedSchedulerRun,
  schedulerParity,
} from '../inference/diffusion/scheduler-parity.ts';
import { providerOf } from '../inference/provider-choice.ts';
import { printJson, printLine, printTable } from './output.ts';

interface ParityFlags {
  readonly schedulerRun?: string;
  readonly pack?: string;
  readonly case?: string;
  readonly device: string;
  readonly json?: true;
}

/** What both kinds of runs give. */
interface Parity {
  readonly stages: readonly StageDifference[];
  readonly hidden?: readonly string[];
  readonly passed: boolean;
}

function readRun(file: string): RecordedSchedulerRun {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as RecordedSchedulerRun;
  } catch (cause) {
    throw new Error(`Expected a recorded scheduler run in ${file}: ${String(cause)}`, { cause });
  }
}

function printParity(name: string, { stages, hidden = [], passed }: Parity): void {
  printTable(
    stages.map(({ stage, largestDifference, limit }) => ({
      stage,
      difference: largestDifference.toExponential(2),
      limit: limit.toExponential(2),
      ok: largestDifference <= limit,
    })),
  );
  if (hidden.length > 0) printLine(`inside the graphs, not compared: ${hidden.join(', ')}`);
  printLine(`${name}: ${passed ? 'within' : 'outside'} the limits`);
}

async function parityOf(flags: ParityFlags): Promise<{ name: string; parity: Parity }> {
  if (flags.schedulerRun !== undefined && flags.pack === undefined && flags.case === undefined) {
    const parity = schedulerParity(readRun(flags.schedulerRun));
    return { name: `${parity.scheduler} ${parity.id}`, parity };
  }
  if (flags.schedulerRun === undefined && flags.pack !== undefined && flags.case !== undefined) {
    const parity = await caseParity(flags.pack, flags.case, providerOf(flags.device, 1));
    return { name: `${parity.family} ${parity.case}`, parity };
  }
  throw new Error('Expected either --scheduler-run, or --pack and --case.');
}

/** Adds the command to the program; the exit code is 1 where a stage lies outside its limit. */
export function addParityCommand(program: Command): void {
  program
    .command('parity')
    .description('Compare a recorded run of the reference with ours, stage by stage.')
    .option('--pack <folder>', 'a pipeline in component folders')
    .option('--case <folder>', 'a recorded run of that pipeline')
    .option('--scheduler-run <file>', 'a recorded run of a scheduler alone')
    .option('--device <device>', 'what --case runs on: cpu, or cuda:0', 'cpu')
    .option('--json', 'print one JSON value')
    .action(async (flags: ParityFlags) => {
      const { name, parity } = await parityOf(flags);
      if (flags.json) printJson(parity);
      else printParity(name, parity);
      if (!parity.passed) process.exitCode = 1;
    });
}
