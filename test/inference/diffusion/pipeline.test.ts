/** What a pipeline promises beside its numbers: the same pictures again, cancel, progress, memory. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { ComponentFolder } from '../../../src/inference/diffusion/component-folder.ts';
import type { GenerationRequest } from '../../../src/inference/diffusion/generation.ts';
import { SeededNoise } from '../../../src/inference/diffusion/noise.ts';
import { DiffusionPipeline } from '../../../src/inference/diffusion/pipeline.ts';
import type { PipelineOptions } from '../../../src/inference/diffusion/pipeline-options.ts';
import { OutOfMemory } from '../../../src/inference/out-of-memory.ts';
import { diffusionFixtures } from './fixtures.ts';

const fixtures = diffusionFixtures();
const golden = fileURLToPath(new URL('../../golden/pipeline', import.meta.url));
const cpu = { provider: 'cpu', deviceId: 0, threads: 1 } as const;
const opened: DiffusionPipeline[] = [];

/** A pipeline of the project's own, or of the reference's fixtures. */
function open(model: string, options?: PipelineOptions): DiffusionPipeline {
  const root = model.endsWith('-small') ? golden : (fixtures ?? '');
  const pipeline = new DiffusionPipeline(join(root, 'models', model), cpu, options);
  opened.push(pipeline);
  return pipeline;
}

afterAll(() => Promise.all(opened.map((pipeline) => pipeline.release())));

const requestOf = (changes: Partial<GenerationRequest> = {}): GenerationRequest => ({
  prompt: 'a bowl of ramen',
  negativePrompt: 'blurry',
  ...{ widthPx: 64, heightPx: 64, pictures: 1, steps: 3, guidanceScale: 7 },
  noise: new SeededNoise(5),
  ...changes,
});

const grey = (width: number, height: number) => ({
  data: new Float32Array(3 * width * height),
  dims: [1, 3, height, width],
});

describe('a pipeline', () => {
  it('makes the same picture of the same seed, and another of another', async () => {
    const pipeline = open('sd-small');
    const first = await pipeline.generate(requestOf());
    const again = await pipeline.generate(requestOf());
    expect(again.decoded.data).toEqual(first.decoded.data);
    const other = await pipeline.generate(requestOf({ noise: new SeededNoise(6) }));
    expect(other.decoded.data).not.toEqual(first.decoded.data);
  });

  it.each(['sd-small', 'flux2-small', ...(fixtures === null ? [] : ['sd3-tiny', 'flux-tiny'])])(
    '%s: the first picture of a batch is that of a batch of one, whatever goes at once',
    async (model) => {
      const choices = model.startsWith('flux2') ? { hiddenLayers: [1, 2, 3] } : {};
      const guidanceScale = model.startsWith('sd') ? 7 : 1;
      const make = async (pictures: number, rowsPerCall: number) => {
        const pipeline = open(model, { rowsPerCall });
        const request = requestOf({ pictures, choices, guidanceScale });
        return (await pipeline.generate(request)).decoded;
      };
      const one = await make(1, 1);
      for (const rowsPerCall of [1, 2, 4, 8]) {
        const batch = await make(3, rowsPerCall);
        expect(batch.dims).toEqual([3, 3, 64, 64]);
        const first = batch.data.subarray(0, one.data.length);
        for (const [at, value] of first.entries())
          expect(Math.abs(value - one.data[at]!), `${rowsPerCall}`).toBeLessThan(1e-4);
        const second = batch.data.subarray(one.data.length, 2 * one.data.length);
        expect(second).not.toEqual(first);
      }
    },
  );

  it('tells its progress without going back, and ends at 1', async () => {
    const told: number[] = [];
    await open('sd-small').generate(requestOf({ steps: 4 }), {
      onProgress: (done) => told.push(done),
    });
    expect(told.length).toBeGreaterThan(4);
    expect(told).toEqual([...told].sort((a, b) => a - b));
    expect(told.at(-1)).toBe(1);
  });

  it.each([0, 2, 4])('stops before call %i of the network', async (calls) => {
    let steps = 0;
    const trace = (stage: string) => {
      if (stage.endsWith('.latents')) steps += 1;
    };
    const run = open('sd-small').generate(requestOf({ steps: 10 }), {
      isCancelled: () => steps >= calls,
      trace,
    });
    await expect(run).rejects.toThrow('cancelled');
    expect(steps).toBe(calls);
  });

  it.each(['unet', 'vae_decoder'])(
    'gives text encoders back where memory is short for %s, and from then on before',
    async (component) => {
      const pipeline = open('sd-small');
      const isShort = () =>
        pipeline.loadedComponents.some((name) => name.startsWith('text_encoder'));
      const graphOf = ComponentFolder.prototype.graph;
      const spy = vi.spyOn(ComponentFolder.prototype, 'graph');
      onTestFinished(() => spy.mockRestore());
      spy.mockImplementation(async function (this: ComponentFolder, name) {
        const graph = await graphOf.call(this, name);
        if (name !== component) return graph;
        const run: typeof graph.run = async (feeds, fetches) => {
          if (isShort()) throw new OutOfMemory('none left');
          return graph.run(feeds, fetches);
        };
        return { ...graph, run };
      });
      const generate = async (changes: Partial<GenerationRequest> = {}) => {
        const tried: string[] = [];
        const onShortage = (what: string) => tried.push(what);
        const { decoded } = await pipeline.generate(requestOf(changes), { onShortage });
        return { data: decoded.data, tried };
      };
      const { data: plain } = (await open('sd-small').generate(requestOf())).decoded;
      expect(await generate()).toEqual({ data: plain, tried: ['text encoders given back'] });
      expect((await generate({ negativePrompt: 'another text' })).tried).toEqual([]);
    },
  );

  it('gives text encoders back where memory is short for loading the network', async () => {
    const pipeline = open('sd-small');
    const graphOf = ComponentFolder.prototype.graph;
    const spy = vi.spyOn(ComponentFolder.prototype, 'graph');
    onTestFinished(() => spy.mockRestore());
    spy.mockImplementation(async function (this: ComponentFolder, name) {
      if (name === 'unet' && this.loaded.includes('text_encoder'))
        throw new OutOfMemory('none left');
      return graphOf.call(this, name);
    });
    const tried: string[] = [];
    await pipeline.generate(requestOf(), { onShortage: (what) => tried.push(what) });
    expect(tried).toEqual(['text encoders given back']);
  });

  it('holds text encoder and network one after the other, and needs no encoder for texts it has seen', async () => {
    const pipeline = open('sd-small', { unloadsTextEncoders: true });
    const generate = async (negativePrompt: string) => {
      const loaded: string[][] = [];
      const look = () => {
        loaded.push([...pipeline.loadedComponents]);
        return false;
      };
      const request = requestOf({ negativePrompt });
      const { decoded } = await pipeline.generate(request, { isCancelled: look, trace: look });
      return { data: decoded.data, loaded };
    };
    const first = await generate('blurry');
    expect(first.loaded.flat()).toContain('text_encoder');
    const isBoth = (names: readonly string[]) =>
      names.includes('text_encoder') && names.includes('unet');
    expect(first.loaded.filter(isBoth)).toEqual([]);
    const again = await generate('blurry');
    expect(again.data).toEqual(first.data);
    expect(again.loaded.flat()).not.toContain('text_encoder');
    const other = await generate('dark');
    expect(other.loaded.flat()).toContain('text_encoder');
  });

  it('tells how much of a long prompt was kept', async () => {
    const long = await open('sd-small').generate(requestOf({ prompt: 'ramen '.repeat(200) }));
    expect(long.promptTokens.kept).toBe(75);
    expect(long.promptTokens.total).toBeGreaterThanOrEqual(200);
  });

  it.each<[string, string, Partial<GenerationRequest>, string]>([
    ['a side between steps', 'sd-small', { widthPx: 60 }, 'steps of 16'],
    ['no picture', 'sd-small', { pictures: 0 }, '1 or more'],
    ['a choice of another family', 'sd-small', { choices: { maxTokens: 9 } }, 'no maxTokens'],
    ['a reference', 'sd-small', { source: { picture: grey(64, 64) } }, 'by reference'],
    [
      'a strength',
      'zimage-tiny',
      { source: { picture: grey(64, 64), strength: 1 } },
      'by strength',
    ],
    [
      'a strength that leaves no step',
      'sd-small',
      { source: { picture: grey(64, 64), strength: 0.1 } },
      'Nothing is left',
    ],
    [
      'a source of another size',
      'sd-small',
      { source: { picture: grey(64, 128), strength: 0.9 } },
      '64x64',
    ],
  ])('refuses %s', async (_, model, changes, message) => {
    await expect(open(model).generate(requestOf(changes))).rejects.toThrow(message);
  });

  it('edits with a reference picture of a size of its own', async () => {
    const { decoded } = await open('flux2-small').generate(
      requestOf({
        ...{ guidanceScale: 1, pictures: 2, choices: { hiddenLayers: [1, 2, 3] } },
        source: { picture: grey(96, 64) },
      }),
    );
    expect(decoded.dims).toEqual([2, 3, 64, 64]);
  });

  it('decodes in tiles nearly what it decodes whole', async () => {
    const request = requestOf({ widthPx: 320, heightPx: 256, steps: 1 });
    const decode = async (options: PipelineOptions) => {
      let tiles = 0;
      const onProgress = (done: number) => {
        if (done >= 0.9 && done < 1) tiles += 1;
      };
      const { decoded } = await open('sd-small', options).generate(request, { onProgress });
      return { decoded, tiles };
    };
    const { decoded: whole, tiles: one } = await decode({});
    const tiling = { wholeLatents: 100, tile: 24, overlap: 8 };
    const { decoded: tiled, tiles } = await decode({ tiling });
    expect(tiles).toBe(one + 3); // four tiles instead of one
    expect(tiled.dims).toEqual(whole.dims);
    const apart = tiled.data.map((value, at) => Math.abs(value - whole.data[at]!));
    const mean = apart.reduce((sum, value) => sum + value, 0) / apart.length;
    expect(mean).toBeGreaterThan(0);
    expect(mean).toBeLessThan(0.05);
  });
});

it('says in which steps of size a U-Net of one halving can be asked', async () => {
  const pipeline = open('sd-small');
  expect(pipeline.sizeStep).toBe(16);
  const { decoded } = await pipeline.generate(requestOf({ heightPx: 48, steps: 1 }));
  expect(decoded.dims).toEqual([1, 3, 48, 64]);
  await expect(pipeline.generate(requestOf({ heightPx: 40 }))).rejects.toThrow('steps of 16');
});
