/** Graphs whose weights onnxruntime's Python tools quantised answer as they do in Python. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { largestDifference } from '../../../src/inference/diffusion/differences.ts';
import { loadGraph } from '../../../src/inference/session.ts';

type Kind = 'matmul-4bit' | 'dynamic-int8';
interface Golden {
  readonly shape: readonly number[];
  readonly hidden_states: readonly number[];
  readonly outputs: Readonly<Record<Kind | 'plain', readonly number[]>>;
}

const pathOf = (file: string) =>
  fileURLToPath(new URL(`../../golden/quantised/${file}`, import.meta.url));
const golden: Golden = JSON.parse(readFileSync(pathOf('golden.json'), 'utf8'));

describe('quantised graphs', () => {
  it.each<Kind>(['matmul-4bit', 'dynamic-int8'])('%s answers as in Python', async (kind) => {
    const graph = await loadGraph(pathOf(`${kind}.onnx`), {
      provider: 'cpu',
      deviceId: 0,
      threads: 1,
    });
    const input = { data: Float32Array.from(golden.hidden_states), dims: golden.shape };
    const { out_hidden_states: output } = await graph.run({ hidden_states: input }, [
      'out_hidden_states',
    ]);
    await graph.release();
    expect(output?.dims).toEqual(golden.shape);
    expect(largestDifference(output?.data ?? [], golden.outputs[kind])).toBeLessThan(1e-4);
    // The graph before: a runtime that passed the quantisation over would answer like it.
    expect(largestDifference(output?.data ?? [], golden.outputs.plain)).toBeGreaterThan(0.01);
  });
});
