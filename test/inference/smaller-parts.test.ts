/** What becomes smaller when memory runs out: tiles, rows of a call, tiles of latents. */
import { expect, test } from 'vitest';
import { Denoiser } from '../../src/inference/diffusion/denoiser.ts';
import { graphConventionsSchema } from '../../src/inference/diffusion/graph-conventions.ts';
import { PictureDecoder } from '../../src/inference/diffusion/picture-decoder.ts';
import { DEFAULT_TILING } from '../../src/inference/diffusion/tiled-decoder.ts';
import type { Graph, GraphPort, HostTensor } from '../../src/inference/graph.ts';
import { isOutOfMemory, OutOfMemory } from '../../src/inference/out-of-memory.ts';
import { inSmallerParts, withMemoryGivenBack } from '../../src/inference/smaller-parts.ts';

/** Work that fits into so much. */
const fitting = (most: number, seen: number[]) => async (side: number) => {
  seen.push(side);
  if (side > most) throw new OutOfMemory('none left');
  return side;
};

test('parts are halved until they fit, and not below the least', async () => {
  const seen: number[] = [];
  const tried: string[] = [];
  const sides = { name: 'a tile', first: 500, least: 64 };
  const help = { onShortage: (what: string) => tried.push(what) };
  expect(await inSmallerParts(sides, fitting(130, seen), help)).toBe(125);
  expect(seen).toEqual([500, 250, 125]);
  expect(tried).toEqual(['a tile of 250 instead of 500', 'a tile of 125 instead of 250']);
  seen.length = 0;
  await expect(inSmallerParts(sides, fitting(10, seen))).rejects.toThrow('none left');
  expect(seen).toEqual([500, 250, 125, 64]);
});

test('what can be given back is given back before parts become smaller, as long as there is something', async () => {
  const seen: number[] = [];
  const given: string[] = [];
  const spare = ['encoder', 'other encoder'];
  const giveBack = async () => {
    const next = spare.shift();
    if (next !== undefined) given.push(next);
    return next !== undefined;
  };
  const sides = { name: 'a tile', first: 500, least: 64 };
  expect(await inSmallerParts(sides, fitting(250, seen), { giveBack })).toBe(250);
  expect(seen).toEqual([500, 500, 500, 250]);
  expect(given).toEqual(['encoder', 'other encoder']);
});

test('work without parts is done once more with memory given back, and no more than that', async () => {
  let spare = 1;
  let runs = 0;
  const work = async () => {
    runs += 1;
    throw new OutOfMemory('none left');
  };
  const giveBack = async () => spare-- > 0;
  await expect(withMemoryGivenBack(work, { giveBack })).rejects.toThrow('none left');
  expect(runs).toBe(2);
});

test('another failure is no reason to try again', async () => {
  let runs = 0;
  const work = async () => {
    runs += 1;
    throw new Error('broken');
  };
  await expect(inSmallerParts({ name: '', first: 9, least: 1 }, work)).rejects.toThrow();
  expect(runs).toBe(1);
});

test.each([
  'Non-zero status code returned while running Conv node. bfc_arena.cc:376 void* onnxruntime::BFCArena::AllocateRawInternal(size_t) Failed to allocate memory for requested buffer of size 939524096',
  'std::bad_alloc',
  'bad allocation',
  'CUDA failure 2: out of memory ; GPU=0 ; hostname=h ; expr=cudaMalloc((void**)&p, size);',
  'CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED ; GPU=0',
  'CUDNN failure 4: CUDNN_STATUS_ALLOC_FAILED',
  'Array buffer allocation failed',
])('%s means that memory ran out', (message) => {
  expect(isOutOfMemory(new Error(message))).toBe(true);
  expect(isOutOfMemory(new Error('outer', { cause: new Error(message) }))).toBe(true);
});

test.each(['Invalid input name: x', 'CUDA failure 209: no kernel image', 'Load model failed'])(
  '%s does not',
  (message) => expect(isOutOfMemory(new Error(message))).toBe(false),
);

/** A network that answers its input times two, for at most so many rows at once. */
function network(mostRows: number, sampleRows: number | string = 'n') {
  const rows: number[] = [];
  const port = (name: string, dims: GraphPort['dims']): [string, GraphPort] => [
    name,
    { name, type: 'float32', dims },
  ];
  const graph: Graph = {
    inputs: new Map([port('sample', [sampleRows, 4, 2, 2]), port('timestep', [])]),
    outputs: new Map(),
    bind: (name) => ({ port: { name, type: 'float32', dims: [] } }),
    run: async ({ sample }) => {
      const { data, dims } = sample as HostTensor;
      rows.push(dims[0] as number);
      if ((dims[0] as number) > mostRows) throw new OutOfMemory('none left');
      return { out_sample: { data: Float32Array.from(data, (value) => value * 2), dims } };
    },
    release: async () => undefined,
  };
  return { graph, rows };
}

function denoiserOn(graph: Graph, pictures: number, tried: string[] = []) {
  const feeds = { text: { data: new Float32Array(3), dims: [1, 3] } };
  return new Denoiser(graph, [pictures, 4, 2, 2], {
    halves: [
      { half: 'negative', feeds },
      { half: 'prompt', feeds },
    ],
    pictures,
    fixed: { perRow: {}, shared: {} },
    reference: undefined,
    rowsPerCall: 8,
    shortage: { onShortage: (what) => tried.push(what) },
  });
}

test('a network takes fewer rows at once, gives the same, and does not try more again', async () => {
  const { graph, rows } = network(3);
  const tried: string[] = [];
  const denoiser = denoiserOn(graph, 4, tried);
  const sample = Float32Array.from({ length: 4 * 16 }, (_, at) => at);
  for (let step = 0; step < 2; step += 1) {
    const predictions = await denoiser.predict(sample, 1);
    for (const half of predictions) expect(half).toEqual(sample.map((value) => value * 2));
  }
  expect(rows).toEqual([8, 4, 2, 2, 2, 2, 2, 2, 2, 2]);
  expect(tried).toEqual(['a call of rows of 4 instead of 8', 'a call of rows of 2 instead of 4']);
});

test('one row that does not fit is the end, as is a graph that insists on its rows', async () => {
  const one = network(0);
  await expect(denoiserOn(one.graph, 1).predict(new Float32Array(16), 1)).rejects.toThrow(
    OutOfMemory,
  );
  expect(one.rows).toEqual([2, 1]);
  const fixed = network(0, 2);
  await expect(denoiserOn(fixed.graph, 1).predict(new Float32Array(16), 1)).rejects.toThrow(
    OutOfMemory,
  );
  expect(fixed.rows).toEqual([2]);
});

test('latents are decoded in smaller tiles, down to the least', async () => {
  const sides: number[] = [];
  const decoderOf = (most: number) => {
    const graph: Graph = {
      inputs: new Map(),
      outputs: new Map(),
      bind: () => {
        throw new Error('Nothing is bound here.');
      },
      run: async ({ latent_sample }) => {
        const [, , height = 0, width = 0] = (latent_sample as HostTensor).dims;
        sides.push(width);
        if (width > most) throw new OutOfMemory('none left');
        const data = new Float32Array(3 * height * width * 4).fill(0.5);
        return { sample: { data, dims: [1, 3, height * 2, width * 2] } };
      },
      release: async () => undefined,
    };
    const parts = {
      vae: { latent_channels: 1, block_out_channels: [1, 1], scaling_factor: 1 },
      conventions: graphConventionsSchema.parse({}),
      has: () => false,
      graph: async () => graph,
    };
    return new PictureDecoder(parts, DEFAULT_TILING);
  };
  const latents = { data: new Float32Array(100 * 100), dims: [1, 1, 100, 100] };
  const { data, dims } = await decoderOf(60).decode(latents, () => undefined);
  expect(dims).toEqual([1, 3, 200, 200]);
  expect(data.every((value) => Math.abs(value - 0.5) < 1e-6)).toBe(true);
  expect([...new Set(sides)]).toEqual([100, 50]);
  sides.length = 0;
  await expect(decoderOf(10).decode(latents, () => undefined)).rejects.toThrow(OutOfMemory);
  expect(sides).toEqual([100, 50, 25, 24]);
});
