/** Sums of scaled samples: nearly every step is one. Summed in double precision, stored as float32. */

/**
 * Writes the sum of `coefficients[k] * arrays[k]` into `out`, which may be one of the arrays.
 * A coefficient of 0 leaves its array out, so that its values may be anything.
 * @returns `out`
 */
export function combine(
  out: Float32Array,
  coefficients: readonly number[],
  arrays: readonly Float32Array[],
): Float32Array {
  const used = arrays.filter((_, k) => coefficients[k] !== 0);
  const factors = coefficients.filter((c) => c !== 0);
  const [a, b] = used;
  const [ca = 0, cb = 0] = factors;
  if (used.length === 2 && a !== undefined && b !== undefined) {
    for (let j = 0; j < out.length; j++) out[j] = ca * read(a, j) + cb * read(b, j);
    return out;
  }
  for (let j = 0; j < out.length; j++) {
    let sum = 0;
    for (let k = 0; k < used.length; k++) sum += (factors[k] as number) * read(used[k], j);
    out[j] = sum;
  }
  return out;
}

function read(array: Float32Array | undefined, j: number): number {
  return (array as Float32Array)[j] as number;
}

/** Clamps every value to -range..range, in place. */
export function clamp(values: Float32Array, range: number): void {
  for (let j = 0; j < values.length; j++) {
    values[j] = Math.min(Math.max(values[j] as number, -range), range);
  }
}

/** A table's value that the caller knows to be there. */
export function at(table: readonly number[], index: number): number {
  const value = table[index];
  if (value === undefined) throw new RangeError(`No entry ${index} in a table of ${table.length}`);
  return value;
}

/** The noise of a step that needs it. */
export function needed(noise: Float32Array | null): Float32Array {
  if (noise === null)
    throw new TypeError('Expected noise for a step that draws on it, received null');
  return noise;
}
