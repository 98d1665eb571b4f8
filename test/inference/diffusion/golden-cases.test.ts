/** The project's own pipelines of a few kilobytes, from prompt to picture: what a clone alone can test. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { caseParity } from '../../../src/inference/diffusion/case-parity.ts';

const golden = fileURLToPath(new URL('../../golden/pipeline', import.meta.url));
const cpu = { provider: 'cpu', deviceId: 0, threads: 1 } as const;
const models = readdirSync(join(golden, 'models'));
const cases = models.flatMap((model) =>
  readdirSync(join(golden, 'cases', model)).map((id) => ({ model, id })),
);

describe('cases made by scripts/golden/pipeline', () => {
  it('are three of Stable Diffusion and two of FLUX.2, with a picture going in for each', () => {
    expect(cases.map(({ model, id }) => `${model}/${id}`)).toEqual([
      'flux2-small/edited',
      'flux2-small/four-steps',
      'sd-small/from-a-picture',
      'sd-small/guided',
      'sd-small/two-pictures',
    ]);
  });

  it.each(cases)('$model/$id', async ({ model, id }) => {
    const folder = join(golden, 'cases', model, id);
    const parity = await caseParity(join(golden, 'models', model), folder, cpu);
    const names = parity.stages.map(({ stage }) => stage);
    for (const stage of ['prompt text_encoder token ids', 'step0.latents', 'decoded'])
      expect(names).toContain(stage);
    expect(parity.stages.filter((stage) => !(stage.largestDifference <= stage.limit))).toEqual([]);
  });

  it.each(models)('the graphs of %s take less than 300 KB', (model) => {
    const parts = readdirSync(join(golden, 'models', model), { withFileTypes: true });
    const graphs = parts
      .filter((part) => part.isDirectory())
      .map((part) => join(golden, 'models', model, part.name))
      .filter((folder) => readdirSync(folder).includes('model.onnx'))
      .map((folder) => statSync(join(folder, 'model.onnx')).size);
    expect(graphs).toHaveLength(4);
    expect(graphs.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(300_000);
  });
});
