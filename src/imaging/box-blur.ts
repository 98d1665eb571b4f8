/** Mean over a square window, by running sums: the cost does not depend on the radius. */
import type { Size } from './picture.ts';

const at = (values: Float32Array, index: number): number => values[index] as number;

function blurLines(
  source: Float32Array,
  target: Float32Array,
  lines: { count: number; length: number; lineStep: number; step: number },
  radius: number,
): void {
  const { count, length, lineStep, step } = lines;
  for (let line = 0; line < count; line += 1) {
    const base = line * lineStep;
    let sum = 0;
    let first = 0;
    let last = -1;
    for (let i = 0; i < length; i += 1) {
      for (const end = Math.min(length - 1, i + radius); last < end; ) {
        last += 1;
        sum += at(source, base + last * step);
      }
      for (const start = Math.max(0, i - radius); first < start; first += 1) {
        sum -= at(source, base + first * step);
      }
      target[base + i * step] = sum / (last - first + 1);
    }
  }
}

/**
 * Blur a plane; at the borders the mean is over what lies inside.
 * @param source Float32 [height, width].
 * @param radius Window of 2 radius + 1 pixels.
 */
export function boxBlur(source: Float32Array, size: Size, radius: number): Float32Array {
  const { widthPx: w, heightPx: h } = size;
  const rows = new Float32Array(source.length);
  const target = new Float32Array(source.length);
  blurLines(source, rows, { count: h, length: w, lineStep: w, step: 1 }, radius);
  blurLines(rows, target, { count: w, length: h, lineStep: 1, step: w }, radius);
  return target;
}
