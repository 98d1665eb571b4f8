/**
 * IEEE 754 half precision, which Node 20 has no array type for: onnxruntime-node hands it over as
 * Uint16Array. Rounds to nearest, ties to even, as the casts of ONNX and PyTorch do.
 */

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);
const INFINITY_BITS = 0x7c00;

/** Bits of the half nearest to `value`. */
export function halfBits(value: number): number {
  float[0] = value;
  const all = bits[0] as number;
  const sign = (all >>> 16) & 0x8000;
  const exponent = (all >>> 23) & 0xff;
  const mantissa = all & 0x7fffff;
  if (exponent === 0xff) return sign | INFINITY_BITS | (mantissa === 0 ? 0 : 0x200);
  // How far the 23 bits of the mantissa are shifted, the leading one made explicit for subnormals.
  const shift = exponent < 113 ? 126 - exponent : 13;
  if (shift > 24) return sign;
  const whole = exponent < 113 ? mantissa | 0x800000 : ((exponent - 112) << 23) | mantissa;
  const kept = whole >>> shift;
  const rest = whole & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  const rounded = kept + (rest > half || (rest === half && (kept & 1) === 1) ? 1 : 0);
  return sign | Math.min(rounded, INFINITY_BITS);
}

/** Value of a half's bits. */
export function halfValue(half: number): number {
  const exponent = (half >>> 10) & 0x1f;
  const mantissa = half & 0x3ff;
  const sign = half & 0x8000 ? -1 : 1;
  if (exponent === 0x1f) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  return sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
}

let table: Float32Array | undefined;

/** Every value of a half's bits, made at the first use: 256 KiB. */
function halfTable(): Float32Array {
  table ??= Float32Array.from({ length: 0x10000 }, (_, half) => halfValue(half));
  return table;
}

/** Write `source` as halves into `target`, of the same length. */
export function toHalves(source: ArrayLike<number>, target: Uint16Array): void {
  for (let i = 0; i < target.length; i += 1) target[i] = halfBits(source[i] as number);
}

/** The values of an array of halves. */
export function fromHalves(source: Uint16Array): Float32Array {
  const values = halfTable();
  const target = new Float32Array(source.length);
  for (let i = 0; i < source.length; i += 1) target[i] = values[source[i] as number] as number;
  return target;
}
