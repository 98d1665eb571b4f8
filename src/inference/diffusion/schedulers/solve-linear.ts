/**
 * Solves a small linear system by elimination with row pivoting.
 * @param matrix square, rows first, not singular
 * @returns the x with matrix * x = right
 */
export function solveLinear(
  matrix: readonly (readonly number[])[],
  right: readonly number[],
): number[] {
  let rows = matrix.map((row, i) => [...row, right[i] ?? 0]);
  for (let column = 0; column < right.length; column++) {
    const size = (row: readonly number[]) => Math.abs(row[column] ?? 0);
    const rest = rows.slice(column).sort((a, b) => size(b) - size(a));
    const [pivot = []] = rest;
    rows = [...rows.slice(0, column), ...rest].map((row, i) => {
      if (i === column) return row.map((value) => value / (pivot[column] ?? 1));
      const factor = (row[column] ?? 0) / (pivot[column] ?? 1);
      return row.map((value, j) => value - factor * (pivot[j] ?? 0));
    });
  }
  return rows.map((row) => row[right.length] ?? 0);
}
