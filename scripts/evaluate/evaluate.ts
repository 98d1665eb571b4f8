/**
 * Judges the packs of the repository on pictures that no training saw, through the code that the server runs.
 *
 *     npm run evaluate -- [--only upscale,cutout,enhancement] [--limit N] [--sheets DIR] [--json]
 *
 * The pictures and the networks of others lie in ../shared, which no clone has; docs/evaluation.md says what each figure
 * means. `--limit` takes so many pictures of each set; `--sheets` writes contact sheets, the worst pictures first.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { MACHINE } from '../../test/support/machine.ts';
import { evaluateCutout } from './cutout.ts';
import { evaluateEnhancement } from './enhancement.ts';
import { SHARED } from './material.ts';
import { writeSheets } from './sheet.ts';
import { type Evaluation, type EvaluationOptions, tableText } from './table.ts';
import { evaluateUpscale } from './upscale.ts';

const EVALUATIONS: Readonly<Record<string, (options: EvaluationOptions) => Promise<Evaluation>>> = {
  upscale: evaluateUpscale,
  cutout: evaluateCutout,
  enhancement: evaluateEnhancement,
};

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: Object.keys(EVALUATIONS).join(',') },
    limit: { type: 'string', default: '1000' },
    sheets: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
/** A mistake is told in one line. */
function refuse(message: string): never {
  process.stderr.write(`evaluate: ${message}\n`);
  process.exit(1);
}

if (!existsSync(SHARED)) refuse('Expected the pictures in ../shared, beside the checkout.');
const names = values.only.split(',');
const unknown = names.find((name) => EVALUATIONS[name] === undefined);
const limit = Number(values.limit);
if (unknown !== undefined || !Number.isInteger(limit) || limit < 1) {
  const known = Object.keys(EVALUATIONS).join(', ');
  refuse(`Expected some of ${known} for --only, and a whole number for --limit.`);
}
if (values.sheets !== undefined) mkdirSync(values.sheets, { recursive: true });

if (!values.json) process.stdout.write(`${MACHINE}\n\n`);
for (const name of names) {
  const evaluation = await EVALUATIONS[name]?.({ limit, hasSheets: values.sheets !== undefined });
  if (evaluation === undefined) continue;
  const { sheet: _, ...found } = evaluation;
  process.stdout.write(
    values.json
      ? `${JSON.stringify({ name, machine: MACHINE, ...found })}\n`
      : `${tableText(evaluation)}\n`,
  );
  if (values.sheets === undefined) continue;
  const worst = await writeSheets(evaluation, values.sheets, name);
  if (!values.json) process.stdout.write(`Worst first:\n${worst.join('\n')}\n\n`);
}
