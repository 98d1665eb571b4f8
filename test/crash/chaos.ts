/**
 * `npm run chaos -- NAME [--rounds N | --minutes N] [--seed N] [--json]`: one promise against the real server. Without a
 * name it lists them; exit code 1 says that a promise was broken.
 */
import { parseArgs } from 'node:util';
import { MACHINE } from '../support/machine.ts';
import { clocks } from './clocks.ts';
import { daylightSaving } from './daylight-saving.ts';
import { disconnects } from './disconnects.ts';
import { idempotency } from './idempotency.ts';
import { overdraft } from './overdraft.ts';
import type { PromiseOptions, PromiseReport } from './promise.ts';
import { soak } from './soak.ts';
import { terminations } from './terminations.ts';
import { workerDeaths } from './worker-deaths.ts';

interface Command {
  readonly run: (options: PromiseOptions) => Promise<PromiseReport>;
  /** How much is done when nothing is said, and of what. */
  readonly rounds: number;
  readonly unit: string;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  overdraft: { run: overdraft, rounds: 1000, unit: 'rounds' },
  idempotency: { run: idempotency, rounds: 1000, unit: 'rounds' },
  disconnects: { run: disconnects, rounds: 500, unit: 'disconnects' },
  'worker-deaths': { run: workerDeaths, rounds: 200, unit: 'deaths' },
  terminations: { run: terminations, rounds: 200, unit: 'SIGTERMs' },
  soak: { run: soak, rounds: 120, unit: 'minutes' },
  clocks: { run: clocks, rounds: 5, unit: 'times eight jumps' },
  'daylight-saving': { run: daylightSaving, rounds: 1, unit: 'spring and autumn' },
};

/** Each line once, with how often it was there. */
function counted(lines: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1);
  return [...counts].map(([line, count]) => (count === 1 ? line : `${count} times: ${line}`));
}

function print(name: string, seed: number, report: PromiseReport, isJson: boolean): void {
  if (isJson) {
    process.stdout.write(`${JSON.stringify({ name, seed, machine: MACHINE, ...report })}\n`);
    return;
  }
  const rows = Object.entries({
    ...{ what: report.skipped === undefined ? report.done : `skipped: ${report.skipped}` },
    ...report.figures,
    ...{ violations: report.violations.length, seed, machine: MACHINE },
  });
  const width = Math.max(...rows.map(([label]) => label.length));
  const lines = rows.map(([label, figure]) => `${label.padEnd(width)}  ${figure}`);
  process.stdout.write(`${[name, ...lines, ...counted(report.violations)].join('\n')}\n`);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string' },
    minutes: { type: 'string' }, // what a soak calls its rounds
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});
const name = positionals[0] ?? '';
const command = COMMANDS[name];
if (command === undefined) {
  const known = Object.entries(COMMANDS).map(
    ([key, { rounds, unit }]) => `${key} (${rounds} ${unit})`,
  );
  process.stderr.write(`npm run chaos -- NAME; one of:\n${known.join('\n')}\n`);
  process.exitCode = 1;
} else {
  const seed = Number(values.seed);
  const given = values.rounds ?? values.minutes;
  const report = await command.run({ rounds: Number(given ?? command.rounds), seed });
  print(name, seed, report, values.json);
  process.exitCode = report.violations.length === 0 ? 0 : 1;
}
