/** Graphs in every form that scripts/export gives a network answer as onnxruntime does in Python. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { largestDifference } from '../../../src/inference/diffusion/differences.ts';
import { loadGraph } from '../../../src/inference/session.ts';

interface Golden {
  readonly shape: readonly number[];
  readonly hidden_states: readonly number[];
  readonly outputs: Readonly<Record<string, readonly number[]>>;
}

/** How far from Python's answer, and how far the conversion is seen to move it from the plain graph's. */
interface Form {
  readonly limit: number;
  readonly least: number;
  readonly most: number;
  /** Operators that the conversion put in. */
  readonly operators: readonly string[];
}

const FORMS: Readonly<Record<string, Form>> = {
  'matmul-4bit': { limit: 1e-4, least: 0.01, most: 1, operators: ['MatMulNBits'] },
  'dynamic-int8': { limit: 1e-4, least: 0.01, most: 0.2, operators: ['MatMulInteger'] },
  half: { limit: 5e-3, least: 1e-4, most: 1e-2, operators: ['Cast'] },
  fused: { limit: 1e-5, least: 0, most: 1e-5, operators: ['MultiHeadAttention'] },
  'fused-half-4bit': {
    ...{ limit: 5e-3, least: 0.01, most: 1 },
    operators: ['MultiHeadAttention', 'MatMulNBits', 'Cast'],
  },
};

const pathOf = (file: string) =>
  fileURLToPath(new URL(`../../golden/converted/${file}`, import.meta.url));
const golden: Golden = JSON.parse(readFileSync(pathOf('golden.json'), 'utf8'));

describe.each(Object.entries(FORMS))('%s', (name, { limit, least, most, operators }) => {
  it('answers as in Python, and otherwise than the plain graph by as much as it may', async () => {
    const path = pathOf(`${name}.onnx`);
    const graph = await loadGraph(path, { provider: 'cpu', deviceId: 0, threads: 1 });
    const input = { data: Float32Array.from(golden.hidden_states), dims: golden.shape };
    const { out_hidden_states: output } = await graph.run({ hidden_states: input }, [
      'out_hidden_states',
    ]);
    await graph.release();
    const answer = output?.data ?? [];
    expect(output?.dims).toEqual(golden.shape);
    expect(largestDifference(answer, golden.outputs[name] ?? [])).toBeLessThan(limit);
    const moved = largestDifference(answer, golden.outputs['plain'] ?? []);
    expect(moved).toBeGreaterThanOrEqual(least);
    expect(moved).toBeLessThan(most);
    const file = readFileSync(path);
    expect(operators.filter((operator) => !file.includes(operator))).toEqual([]);
  });
});
