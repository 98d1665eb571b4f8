/** A table of an evaluation, and the pictures it was made of. */
import type { Picture } from '../../src/imaging/picture.ts';

/** One picture of a contact sheet: what went in, what came out, and how good it is. */
export interface SheetRow {
  readonly name: string;
  /** Sheets have the lowest first. */
  readonly score: number;
  readonly pictures: readonly Picture[];
}

/** What an evaluation found. */
export interface Evaluation {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
  readonly sheet: readonly SheetRow[];
}

/** How an evaluation is run. */
export interface EvaluationOptions {
  /** Pictures of each set. */
  readonly limit: number;
  /** Whether pictures are kept for a sheet. */
  readonly hasSheets: boolean;
}

const shown = (cell: string | number): string =>
  typeof cell === 'number' ? cell.toFixed(3) : cell;

/** The table in Markdown. */
export function tableText({ title, columns, rows }: Evaluation): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.map(shown).join(' | ')} |`;
  const rule = line(columns.map(() => '---'));
  return [`### ${title}`, '', line(columns), rule, ...rows.map(line), ''].join('\n');
}
