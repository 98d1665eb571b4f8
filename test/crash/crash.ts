/**
 * `npm run crash -- --kills 2000`: series of kills until there are so many, each with a data folder and a
 * seed of its own. The tally is kept in a file, so that a run that was cut short goes on from it.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { MACHINE } from '../support/machine.ts';
import { type KillsReport, runKills } from './kills.ts';

interface Tally {
  readonly kills: number;
  readonly delivered: number;
  readonly submitted: number;
  readonly series: number;
  readonly violations: readonly string[];
}

const KILLS_PER_SERIES = 100;
const EMPTY: Tally = { kills: 0, delivered: 0, submitted: 0, series: 0, violations: [] };

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
    tally: { type: 'string', default: join(tmpdir(), 'garnish-crash-tally.json') },
    json: { type: 'boolean', default: false },
  },
});

const read = (): Tally =>
  existsSync(values.tally) ? (JSON.parse(readFileSync(values.tally, 'utf8')) as Tally) : EMPTY;

function add(tally: Tally, report: KillsReport, isDone: boolean): Tally {
  return {
    kills: tally.kills + report.kills,
    delivered: tally.delivered + report.delivered,
    submitted: tally.submitted + report.submitted,
    series: tally.series + (isDone ? 1 : 0),
    violations: [...tally.violations, ...report.violations],
  };
}

function write(tally: Tally): void {
  writeFileSync(`${values.tally}.tmp`, `${JSON.stringify(tally, null, 2)}\n`);
  renameSync(`${values.tally}.tmp`, values.tally);
}

const wanted = Number(values.kills);
let tally = read();
while (tally.kills < wanted && tally.violations.length === 0) {
  const before = tally;
  const seed = Number(values.seed) + before.series;
  const kills = Math.min(KILLS_PER_SERIES, wanted - before.kills);
  const report = await runKills({
    kills,
    seed,
    onKill: (soFar) => write(add(before, soFar, false)),
  });
  tally = add(before, report, true);
  write(tally);
  if (!values.json) {
    process.stdout.write(
      `seed ${seed}: ${report.kills} kills, ${report.delivered} delivered, ${report.submitted} ` +
        `submitted, ${report.settled} settled, ${report.voided} voided, ${report.violations.length} ` +
        `violations; tally ${tally.kills} of ${wanted}\n`,
    );
  }
}
process.stdout.write(
  values.json
    ? `${JSON.stringify({ ...tally, machine: MACHINE })}\n`
    : `${tally.kills} kills, ${tally.violations.length} violations, ${MACHINE}\n${tally.violations.join('\n')}\n`,
);
process.exitCode = tally.violations.length === 0 ? 0 : 1;
