/** Each family's matte equals that of its Python reference (scripts/golden/families), on graphs with random weights. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { matteRunOf } from '../../../src/inference/segmentation/families.ts';
import { inputSizeOf } from '../../../src/inference/segmentation/network-input.ts';
import { networkMatte } from '../../../src/inference/segmentation/network-matte.ts';
import {
  FAMILY_GOLDEN,
  type GraphPack,
  loadGraphPack,
  readPicture,
} from '../../support/graph-packs.ts';

interface MatteCase {
  readonly family: string;
  readonly graph: string;
  readonly inputs: object;
  /** Height and width of the matte. */
  readonly size: readonly [number, number];
  /** Every step-th value of every step-th row is kept. */
  readonly step: number;
  readonly levels: string;
}

interface Golden {
  readonly mattes: readonly MatteCase[];
  readonly modnetSizes: readonly (readonly [number, number, number, number])[];
}

const golden: Golden = JSON.parse(readFileSync(join(FAMILY_GOLDEN, 'segmentation.json'), 'utf8'));

const pack = (family: string, graph: string, inputs: object = {}): GraphPack => ({
  ...{ task: 'segmentation', role: 'model', family, inputs },
  graph: join(FAMILY_GOLDEN, `${graph}.onnx`),
});

test.each(golden.mattes)(
  '$family on $graph with $inputs gives its reference’s matte to one level of 255',
  async ({ family, graph, inputs, size, step, levels }) => {
    const loaded = await loadGraphPack(pack(family, graph, inputs));
    const matte = await networkMatte(loaded, await readPicture(join(FAMILY_GOLDEN, 'dish.png')));
    const [heightPx, widthPx] = size;
    expect(matte.size).toEqual({ widthPx, heightPx });
    const expected = Buffer.from(levels, 'base64');
    const across = Math.ceil(widthPx / step);
    expect(expected).toHaveLength(across * Math.ceil(heightPx / step));
    let largest = 0;
    for (const [i, level] of expected.entries()) {
      const at = Math.floor(i / across) * step * widthPx + (i % across) * step;
      largest = Math.max(largest, Math.abs((matte.alpha[at] ?? -1) * 255 - level));
    }
    expect(largest).toBeLessThanOrEqual(1);
  },
);

test('MODNet sees the sizes of its reference', async () => {
  const loaded = await loadGraphPack(pack('modnet', 'alphas'));
  const sizes = golden.modnetSizes.map(([widthPx, heightPx]) => {
    const size = inputSizeOf(
      loaded.session('model').input,
      { widthPx, heightPx },
      matteRunOf(loaded),
    );
    return [widthPx, heightPx, size.widthPx, size.heightPx];
  });
  expect(sizes).toEqual(golden.modnetSizes);
});

describe('a pack that cannot be run is refused:', () => {
  const dish = () => readPicture(join(FAMILY_GOLDEN, 'dish.png'));

  test('inputs that the family does not have', async () => {
    const loaded = await loadGraphPack(pack('u2net', 'seven', { overlapPx: 3 }));
    await expect(networkMatte(loaded, await dish())).rejects.toThrow(/overlapPx/);
  });

  test('a family that there is not', async () => {
    const loaded = await loadGraphPack(pack('u3net', 'seven'));
    await expect(networkMatte(loaded, await dish())).rejects.toThrow(
      /"u3net": salient-object, u2net, isnet, birefnet, modnet, rmbg/,
    );
  });
});
