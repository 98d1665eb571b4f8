/** Sums of scaled samples: nearly every step is one. Summed in double precision, stored as float32. */

type Sum = (out: Float32Array, factors: readonly number[], arrays: readonly Float32Array[]) => void;
type Arrays<Count extends readonly unknown[]> = { readonly [K in keyof Count]: Float32Array };

/** By the number of arrays, each in one pass: with a loop over the arrays inside, a sum of five takes five times as long. */
const SUMS: readonly Sum[] = [
  (out) => {
    out.fill(0);
  },
  (out, [p = 0], arrays) => {
    const [a] = arrays as Arrays<[1]>;
    const { length } = out;
    for (let j = 0; j < length; j++) out[j] = p * (a[j] as number);
  },
  (out, [p = 0, q = 0], arrays) => {
    const [a, b] = arrays as Arrays<[1, 2]>;
    const { length } = out;
    for (let j = 0; j < length; j++) out[j] = p * (a[j] as number) + q * (b[j] as number);
  },
  (out, [p = 0, q = 0, r = 0], arrays) => {
    const [a, b, c] = arrays as Arrays<[1, 2, 3]>;
    const { length } = out;
    for (let j = 0; j < length; j++)
      out[j] = p * (a[j] as number) + q * (b[j] as number) + r * (c[j] as number);
  },
  (out, [p = 0, q = 0, r = 0, s = 0], arrays) => {
    const [a, b, c, d] = arrays as Arrays<[1, 2, 3, 4]>;
    const { length } = out;
    for (let j = 0; j < length; j++) {
      const sum = p * (a[j] as number) + q * (b[j] as number) + r * (c[j] as number);
      out[j] = sum + s * (d[j] as number);
    }
  },
  (out, [p = 0, q = 0, r = 0, s = 0, t = 0], arrays) => {
    const [a, b, c, d, e] = arrays as Arrays<[1, 2, 3, 4, 5]>;
    const { length } = out;
    for (let j = 0; j < length; j++) {
      const sum = p * (a[j] as number) + q * (b[j] as number) + r * (c[j] as number);
      out[j] = sum + s * (d[j] as number) + t * (e[j] as number);
    }
  },
];

/** Sums of more arrays than `SUMS` has. */
const sumOfMany: Sum = (out, factors, arrays) => {
  for (let j = 0; j < out.length; j++) {
    let sum = 0;
    for (let k = 0; k < arrays.length; k++)
      sum += (factors[k] as number) * ((arrays[k] as Float32Array)[j] as number);
    out[j] = sum;
  }
};

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
  const [only] = used;
  if (only !== undefined && used.length === 1 && factors[0] === 1) out.set(only);
  else (SUMS[used.length] ?? sumOfMany)(out, factors, used);
  return out;
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
