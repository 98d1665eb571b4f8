/** `npm run pressure -- overload|disk-full [--amount N] [--json]`: more than the server can take. */
import { parseArgs } from 'node:util';
import { MACHINE } from '../support/machine.ts';
import { diskFull } from './disk-full.ts';
import { overload, type PressureReport } from './overload.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { amount: { type: 'string' }, json: { type: 'boolean', default: false } },
});

/** Seconds of overload; times that the disk is full, at admission and when results are written. */
const COMMANDS: Readonly<Record<string, () => Promise<readonly PressureReport[]>>> = {
  overload: async () => [await overload(Number(values.amount ?? 120))],
  'disk-full': async () => [
    await diskFull(Number(values.amount ?? 5), 4),
    await diskFull(Number(values.amount ?? 5), 0),
  ],
};

const command = COMMANDS[positionals[0] ?? ''];
if (command === undefined) {
  process.stderr.write(`npm run pressure -- ${Object.keys(COMMANDS).join('|')}\n`);
  process.exitCode = 1;
} else {
  const reports = await command();
  for (const report of reports) {
    const { done, figures, violations, skipped } = report;
    const rows = {
      what: skipped ?? done,
      ...figures,
      violations: violations.length,
      machine: MACHINE,
    };
    const lines = Object.entries(rows).map(([name, figure]) => `${name}: ${figure}`);
    const table = [...lines, ...violations.slice(0, 20)].join('\n');
    process.stdout.write(
      `${values.json ? JSON.stringify({ ...report, machine: MACHINE }) : table}\n`,
    );
  }
  process.exitCode = reports.every(({ violations }) => violations.length === 0) ? 0 : 1;
}
