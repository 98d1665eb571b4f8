/**
 * Proves that loading and giving back does not use up memory.
 *
 *     npm run residency -- [--rounds 200] [--pack-mib 64]
 *
 * Three packs take turns under a budget for two, so that each of a round's three tasks loads its pack and pushes one out.
 * At the end all are given back, and the process is replaced. Exit code 1: with two packs in memory it ends more than a
 * tenth above where it was after the first round, or its successor holds more than a tenth above what it began with.
 */
import { parseArgs } from 'node:util';
import { residencyRounds } from './residency-rounds.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '200' },
    'pack-mib': { type: 'string', default: '64' },
  },
});
const rounds = Number(values.rounds);
const packMib = Number(values['pack-mib']);
if (!Number.isInteger(rounds) || rounds < 1 || !Number.isInteger(packMib) || packMib < 1) {
  throw new Error('Expected whole numbers of at least 1 for --rounds and --pack-mib.');
}

const TENTH = 1.1;
const startedMs = performance.now();
const report = await residencyRounds({
  rounds,
  packMib,
  onRound: (round, rssMib) => {
    if ((round + 1) % 20 === 0)
      process.stderr.write(`round ${round + 1}: ${rssMib.toFixed(0)} MiB\n`);
  },
});
const { fresh, first, last, emptied, recycled } = report;
const isFlat = last <= first * TENTH;
const isReturned = recycled !== undefined && recycled <= fresh * TENTH;
const figures = Object.entries({
  ...report,
  'last / first': (last / first).toFixed(3),
  'emptied / fresh': (emptied / fresh).toFixed(3),
  'recycled / fresh': ((recycled ?? Number.NaN) / fresh).toFixed(3),
  seconds: ((performance.now() - startedMs) / 1000).toFixed(0),
});
for (const [name, value] of figures) {
  const text = typeof value === 'number' && name !== 'loads' ? `${value.toFixed(1)} MiB` : value;
  process.stdout.write(`${name.padEnd(20)}${text ?? 'none'}\n`);
}
process.stdout.write(isFlat && isReturned ? 'Memory returns.\n' : 'Memory does NOT return.\n');
process.exitCode = isFlat && isReturned ? 0 : 1;
