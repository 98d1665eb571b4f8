/** Segmentation packs whose only merit is their weight: what enters and leaves memory can be seen. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EnginePack } from '../../src/engine/protocol.ts';
import { onnxFile } from './onnx-file.ts';

const SIDE_PX = 32;
const PIXELS = SIDE_PX * SIDE_PX;
const MIB = 1024 * 1024;

/** Grey of the picture as matte, by way of a product with so many MiB of weights. */
function heavyGraph(mib: number): Buffer {
  const columns = (mib * MIB) / (PIXELS * Float32Array.BYTES_PER_ELEMENT);
  const weights = Float32Array.from({ length: PIXELS * columns }, (_, at) => (at % 251) / 251);
  return onnxFile({
    nodes: [
      {
        op: 'ReduceMean',
        inputs: ['image'],
        output: 'grey',
        attributes: { axes: [1], keepdims: 1 },
      },
      { op: 'Reshape', inputs: ['grey', 'flat'], output: 'row' },
      { op: 'MatMul', inputs: ['row', 'weights'], output: 'product' },
      { op: 'ReduceMean', inputs: ['product'], output: 'mean', attributes: { keepdims: 0 } },
      { op: 'Mul', inputs: ['mean', 'zero'], output: 'nothing' },
      { op: 'Add', inputs: ['grey', 'nothing'], output: 'matte' },
    ],
    constants: [
      { name: 'flat', dims: [2], data: BigInt64Array.of(1n, BigInt(PIXELS)) },
      { name: 'weights', dims: [PIXELS, columns], data: weights },
      { name: 'zero', dims: [], data: Float32Array.of(0) },
    ],
    input: { name: 'image', dims: [1, 3, SIDE_PX, SIDE_PX] },
    output: { name: 'matte', dims: [1, 1, SIDE_PX, SIDE_PX] },
  });
}

/**
 * Write packs into a folder.
 * @param sizesMib of each, whole numbers; they are called `heavy-1`, `heavy-2` and so on.
 */
export function heavyPacks(folder: string, sizesMib: readonly number[]): readonly EnginePack[] {
  return sizesMib.map((mib, at) => {
    const id = `heavy-${at + 1}`;
    const path = join(folder, `${id}.onnx`);
    const file = heavyGraph(mib);
    writeFileSync(path, file);
    return {
      id,
      task: 'segmentation',
      family: 'salient-object',
      folder,
      files: { model: path },
      inputs: { sizePx: SIDE_PX, mean: [0, 0, 0], std: [1, 1, 1] },
      memoryMib: mib,
      bytes: file.length,
    };
  });
}
