/** How commands print: one JSON value with `--json`, aligned text otherwise. */

/** A row of a table; every row of a table has the same keys. */
export type Row = Readonly<Record<string, string | number | boolean | null>>;

/** Print one JSON value on a line. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** Print a line of text. */
export function printLine(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Print rows as an aligned table with a heading. */
export function printTable(rows: readonly Row[]): void {
  const [first] = rows;
  if (first === undefined) return;
  const names = Object.keys(first);
  const lines = [names, ...rows.map((row) => names.map((name) => String(row[name] ?? '-')))];
  const widths = names.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)));
  for (const line of lines) {
    printLine(
      line
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    );
  }
}

/** ISO time to the second, or null. */
export const timeText = (timeMs: number | null): string | null =>
  timeMs === null ? null : `${new Date(timeMs).toISOString().slice(0, 19)}Z`;

/** Print what a command did: the value as JSON when that was asked for, else the line. */
export function printResult(options: { readonly json?: true }, value: unknown, line: string): void {
  if (options.json) printJson(value);
  else printLine(line);
}

/** Print rows: as JSON when that was asked for, else as a table. */
export function printRows(options: { readonly json?: true }, rows: readonly Row[]): void {
  if (options.json) printJson(rows);
  else printTable(rows);
}
