import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadGraph } from '../../../src/inference/session.ts';
import { diffusionFixtures } from './fixtures.ts';

interface Port {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly (number | string)[];
}
interface GraphPorts {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

const fixtures = diffusionFixtures();
const cpu = { provider: 'cpu', deviceId: 0, threads: 1 } as const;

describe.skipIf(fixtures === null)('graphs of several inputs', () => {
  const io: Record<string, Record<string, GraphPorts>> = fixtures === null
    ? {}
    : JSON.parse(readFileSync(join(fixtures, 'io.json'), 'utf8'));
  const graphPath = (model: string, part: string) =>
    join(fixtures ?? '', 'models', model, part, 'model.onnx');

  it.each(Object.keys(io))('%s: every graph loads and tells its ports', async (model) => {
    for (const [part, ports] of Object.entries(io[model] ?? {})) {
      const graph = await loadGraph(graphPath(model, part), cpu);
      const told = (all: typeof graph.inputs) =>
        [...all.values()].map(({ name, type, dims }) => ({ name, type, shape: dims }));
      expect(told(graph.inputs), part).toEqual(ports.inputs);
      expect(told(graph.outputs), part).toEqual(ports.outputs);
      await graph.release();
    }
  });

  it('takes the same numbers as int32 and int64, and as float32 and float16', async () => {
    const ids = { data: Int32Array.from({ length: 77 }, (_, i) => i * 3), dims: [1, 77] };
    const embed = async (model: string) => {
      const graph = await loadGraph(graphPath(model, 'text_encoder'), cpu);
      const { last_hidden_state: state } = await graph.run({ input_ids: ids }, [
        'last_hidden_state',
      ]);
      const bound = graph.bind('input_ids', ids);
      const again = await graph.run({ input_ids: bound }, ['last_hidden_state']);
      expect(again['last_hidden_state']).toEqual(state);
      await graph.release();
      return state!.data;
    };
    const [wide, legacy, half] = [
      await embed('sd15-tiny'),
      await embed('sd15-tiny-legacy-io'),
      await embed('sd15-tiny-fp16'),
    ];
    expect(legacy).toEqual(wide);
    expect(half.length).toBe(wide.length);
    const apart = Math.max(...wide.map((value, i) => Math.abs(value - half[i]!)));
    expect(apart).toBeGreaterThan(0);
    expect(apart).toBeLessThan(0.02);
  });

  it('names an input that the graph does not have', async () => {
    const graph = await loadGraph(graphPath('sd15-tiny', 'text_encoder'), cpu);
    const tensor = { data: new Int32Array(77), dims: [1, 77] };
    await expect(graph.run({ tokens: tensor }, ['last_hidden_state'])).rejects.toThrow(
      'The graph has no input tokens: input_ids.',
    );
    await graph.release();
  });
});
