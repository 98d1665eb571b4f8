/**
 * `garnish run`: one operation on files and folders, without a server. Files go the job path of the
 * server (run/workshop.ts), results go durably to `--out` (run/out-folder.ts), and a journal there
 * (run/journal.ts) lets the next run skip what is done.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { ConfigError, loadConfig } from '../config.ts';
import { createLog } from '../observability/log.ts';
import { FileRunner } from './run/file-runner.ts';
import { Journal } from './run/journal.ts';
import { claimNames } from './run/names.ts';
import { DATA_DIR_PREFIX, OutFolder } from './run/out-folder.ts';
import { type ReportStyle, RunReport } from './run/report.ts';
import { type ContractFlags, type RunTask, runOperation, runTask } from './run/request.ts';
import { listSources, openOut, openRoots, type Root, type Source } from './run/sources.ts';
import { UsageError } from './run/usage-error.ts';
import { FolderWatch } from './run/watch.ts';
import { openWorkshop } from './run/workshop.ts';

interface RunFlags extends ContractFlags {
  readonly out: string;
  readonly force?: true;
  readonly watch?: true;
  readonly json?: true;
}

/** A run whose command line has been checked. */
interface Run {
  readonly task: RunTask;
  readonly roots: readonly Root[];
  /** Absolute. */
  readonly outPath: string;
  readonly flags: RunFlags;
  readonly report: RunReport;
  /** Fires at the first Ctrl-C: running files end, no new one is begun. */
  readonly stop: AbortSignal;
}

const FAILED = 1;
const USAGE = 2;
/** Exit codes of a process that a signal ended, as shells count them. */
const SIGNAL_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** Fires at the first signal; the second one ends the process, after `abandon`. */
function stopOnSignals(report: RunReport, abandon: () => void): AbortSignal {
  const stopping = new AbortController();
  for (const [signal, code] of Object.entries(SIGNAL_CODES)) {
    process.on(signal, () => {
      if (stopping.signal.aborted) {
        abandon();
        process.exit(code); // the engine ends with its parent
      }
      process.exitCode = code;
      report.note('Stopping after the files in progress; once more stops at once.');
      stopping.abort();
    });
  }
  return stopping.signal;
}

async function* batchesOf({ roots, outPath, flags, report, stop }: Run) {
  if (flags.watch !== true) {
    yield await listSources(roots, outPath);
    return;
  }
  const onDeaf = (folder: string) =>
    report.note(`No notices of changes in ${folder}: it is looked through every few seconds.`);
  yield* new FolderWatch({ roots, out: outPath, stop, onDeaf }).batches();
}

/** Every file of the run, each with a name, one after the other. */
async function* namedSources(run: Run, journal: Journal): AsyncGenerator<Source> {
  for await (const batch of batchesOf(run)) {
    await claimNames(journal, run.task.operation, run.outPath, batch);
    run.report.expect(batch.length);
    yield* batch;
  }
}

/** Do the files, as many at once as can run: more would only wait, with their sources on the disk. */
async function runLanes(run: Run, runner: FileRunner, journal: Journal, lanes: number) {
  const sources = namedSources(run, journal);
  const lane = async () => {
    for (let next = await sources.next(); !next.done; next = await sources.next()) {
      if (run.stop.aborted) return;
      run.report.tell(await runner.run(next.value));
    }
  };
  // When the sources end with an error, the other lanes come to the end of their files first.
  const ended = await Promise.allSettled(Array.from({ length: lanes }, lane));
  await sources.return(undefined);
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
}

async function runFiles(run: Run, out: OutFolder, dataDir: string): Promise<void> {
  const { logLevel } = loadConfig();
  const log = createLog(logLevel === 'silent' ? 'silent' : 'error');
  const workshop = await openWorkshop(run.task, dataDir, log);
  const journal = await Journal.open(out.path);
  try {
    const isForced = run.flags.force === true;
    const runner = new FileRunner({ task: run.task, workshop, journal, out, isForced });
    await runLanes(run, runner, journal, workshop.slots);
  } finally {
    await journal.close();
    await workshop.close();
  }
}

function styleOf(flags: RunFlags): ReportStyle {
  if (flags.json) return 'json';
  return process.stdout.isTTY ? 'bar' : 'lines';
}

async function run(name: string, files: readonly string[], flags: RunFlags): Promise<void> {
  const { out: outName, force, watch, json, ...options } = flags;
  const task = runTask(runOperation(name), options);
  const roots = await openRoots(files);
  const outPath = await openOut(outName, roots);
  const report = new RunReport(styleOf(flags));
  const dataDir = mkdtempSync(join(tmpdir(), DATA_DIR_PREFIX));
  let out: OutFolder | undefined;
  const abandon = () => {
    out?.release();
    rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    out = await OutFolder.hold(outPath, dataDir);
    const stop = stopOnSignals(report, abandon);
    await runFiles({ task, roots, outPath, flags, report, stop }, out, dataDir);
    report.end();
    if (report.failedCount > 0) process.exitCode ??= FAILED;
  } finally {
    abandon();
  }
}

/** A mistake in the command line or the settings is told in plain lines; the rest is main.ts's. */
function refuse(error: unknown): void {
  if (!(error instanceof UsageError || error instanceof ConfigError)) throw error;
  for (const line of error.message.split('\n')) process.stderr.write(`garnish: ${line}\n`);
  process.exitCode = USAGE;
}

/** Adds the command. */
export function addRunCommand(program: Command): void {
  program
    .command('run')
    .description('Do one operation on files and folders without a server (docs/run.md).')
    .argument('<operation>', 'enhance, remove-background or upscale')
    .argument('<files...>', 'pictures, and folders of them')
    .requiredOption('--out <dir>', 'folder for the results; files done there are skipped')
    .option('--scale <n>', 'upscale: 2 or 4')
    .option('--format <format>', 'jpg, png or webp')
    .option('--preset <name>', 'enhance: balanced, delivery-optimized, social-media or print-ready')
    .option(
      '--platform <id>',
      'enhance: frame, size and bytes of a platform, uber-eats or uber-eats/cover',
    )
    .option('--upscale <yes>', 'enhance: true or false')
    .option('--remove-background', 'enhance: the dish alone')
    .option('--output <kind>', 'remove-background: cutout or mask')
    .option('--background <what>', 'remove-background: laid under it, #rrggbb, blur or a picture')
    .option('--shadow [darkness]', 'remove-background: a contact shadow, 0 to 1')
    .option('--crop [yes]', 'remove-background: the dish alone; enhance: false keeps the frame')
    .option('--margin <share>', 'remove-background: room around a cropped dish, 0 to 0.5')
    .option('--align <side>', 'remove-background: center, top, bottom, left or right')
    .option('--width <px>', 'remove-background: width of the result')
    .option('--height <px>', 'remove-background: height of the result')
    .option('--force', 'do again what is done')
    .option('--watch', 'go on with files as they come, until Ctrl-C')
    .option('--json', 'print a JSON line for each file, then a summary')
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : USAGE))
    .action((operation: string, files: string[], flags: RunFlags) =>
      run(operation, files, flags).catch(refuse),
    );
}
