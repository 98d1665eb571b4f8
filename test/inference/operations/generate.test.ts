/** The operation around a pipeline of the test's own. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { EngineOperation } from '../../../src/engine/protocol.ts';
import { decodePicture, encodePicture } from '../../../src/imaging/codec.ts';
import {
  GenerationCancelled,
  type GenerationHooks,
  type GenerationRequest,
  UnsupportedRequest,
} from '../../../src/inference/diffusion/generation.ts';
import type { LoadedPack } from '../../../src/inference/loaded-pack.ts';
import { runOperation } from '../../../src/inference/operations/run-operation.ts';
import { generatorInputsSchema } from '../../../src/packs/generator-inputs.ts';
import { drawPlate } from '../../support/pictures.ts';

type Generate = Extract<EngineOperation, { operation: 'generate' }>;

const LIMITS = {
  maxPixels: 4e6,
  minSidePx: 16,
  maxSidePx: 4000,
  maxAspectRatio: 20,
  maxResultPixels: 1e6,
};
const OPERATION: Generate = {
  operation: 'generate',
  prompt: 'soup',
  seed: 1,
  count: 3,
  steps: 2,
  guidanceScale: 1,
  size: { widthPx: 96, heightPx: 54 },
  format: 'png',
};
const INPUTS = generatorInputsSchema.parse({
  nativeSizePx: 64,
  steps: { default: 2, max: 4 },
  guidanceScale: { default: 1, max: 1 },
  supports: ['strength', 'reference'],
});

/** A pipeline that paints picture `i` in the grey `i / 4`, and remembers what it was asked. */
function painter(spoil: (values: Float32Array) => void = () => undefined) {
  const asked: GenerationRequest[] = [];
  const generate = async (request: GenerationRequest, hooks: GenerationHooks = {}) => {
    asked.push(request);
    const { pictures, widthPx, heightPx } = request;
    for (let step = 1; step <= request.steps; step += 1) {
      if (hooks.isCancelled?.() === true) throw new GenerationCancelled();
      hooks.onProgress?.(step / request.steps);
    }
    const data = new Float32Array(pictures * 3 * widthPx * heightPx);
    for (let i = 0; i < data.length; i += 1) {
      data[i] = Math.floor(i / (3 * widthPx * heightPx)) / 2 - 1;
    }
    spoil(data);
    const dims = [pictures, 3, heightPx, widthPx];
    return { decoded: { data, dims }, promptTokens: { kept: 1, total: 1 } };
  };
  return { asked, generate };
}

async function run(
  pipeline: Pick<ReturnType<typeof painter>, 'generate'>,
  changes: Partial<Generate> = {},
  isCancelled = () => false,
) {
  const folder = mkdtempSync(join(tmpdir(), 'garnish-generate-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  await encodePicture(drawPlate(80, 60), 'png', join(folder, 'source'));
  const progress: number[] = [];
  const edits = { strength: true, reference: true };
  const pack = {
    generator: () => ({
      pipeline: { sizeStep: 16, edits, generate: pipeline.generate },
      inputs: INPUTS,
      choices: {},
    }),
  } as unknown as LoadedPack;
  const result = runOperation({
    task: {
      taskId: 'a',
      operation: { ...OPERATION, ...changes },
      packId: 'painter',
      sourcePath: join(folder, 'source'),
      outputStem: join(folder, 'result'),
    },
    limits: LIMITS,
    pack: () => pack,
    isCancelled,
    onProgress: (fraction) => progress.push(fraction),
    onShortage: () => undefined,
  });
  return { folder, progress, result };
}

test('each picture is written under its number, in its exact size, in its place', async () => {
  const { asked, generate } = painter();
  const { result, progress, folder } = await run({ generate });
  const { files, source, promptTokens } = await result;
  expect(asked[0]).toMatchObject({ pictures: 3, widthPx: 64, heightPx: 48, steps: 2 });
  expect(files.map(({ path }) => path)).toEqual(
    [0, 1, 2].map((i) => join(folder, `result_${i}.png`)),
  );
  for (const [index, file] of files.entries()) {
    expect(file).toMatchObject({ widthPx: 96, heightPx: 54 });
    const { data, widthPx, heightPx } = await decodePicture(file.path, LIMITS);
    expect([widthPx, heightPx]).toEqual([96, 54]);
    expect(new Set(data)).toEqual(new Set([[0, 64, 128][index]]));
  }
  expect(source).toBeUndefined();
  expect(promptTokens).toEqual({ kept: 1, total: 1 });
  expect(progress).toEqual([...progress].sort((a, b) => a - b));
  expect(progress.at(-1)).toBe(1);
});

describe('a source', () => {
  test('to start from is cut to the size of the run', async () => {
    const { asked, generate } = painter();
    const edit = { kind: 'strength', strength: 0.5 } as const;
    const { source } = await (await run({ generate }, { edit })).result;
    expect(source).toEqual({ widthPx: 80, heightPx: 60 });
    expect(asked[0]?.source).toMatchObject({ strength: 0.5, picture: { dims: [1, 3, 48, 64] } });
  });

  test('to be edited keeps its own ratio, and its colours as -1 to 1', async () => {
    const { asked, generate } = painter();
    const edit = { kind: 'reference' } as const;
    await (await run({ generate }, { edit, size: { widthPx: 54, heightPx: 96 } })).result;
    const { picture, strength } = asked[0]!.source!;
    expect([picture.dims, strength]).toEqual([[1, 3, 48, 64], undefined]);
    const { data: plate } = drawPlate(80, 60);
    expect(picture.data[0]).toBeCloseTo(plate[0]! / 127.5 - 1, 1);
    expect(Math.min(...picture.data)).toBeGreaterThanOrEqual(-1);
    expect(Math.max(...picture.data)).toBeLessThanOrEqual(1);
  });
});

describe('nothing is delivered', () => {
  test.each([Number.NaN, Number.POSITIVE_INFINITY])(
    'of a run with %d in one picture',
    async (bad) => {
      const { generate } = painter((values) => values.fill(bad, values.length - 1));
      const { result, folder } = await run({ generate });
      await expect(result).rejects.toMatchObject({ kind: 'internal' });
      expect(readdirSync(folder)).toEqual(['source']);
    },
  );

  test('when the pipeline cannot do what is asked for', async () => {
    const generate = () => Promise.reject(new UnsupportedRequest('It has no guidance.'));
    const { result } = await run({ generate });
    await expect(result).rejects.toMatchObject({
      kind: 'invalid_request',
      message: 'It has no guidance.',
    });
  });

  test('once it is cancelled between two steps', async () => {
    let asked = 0;
    const isCancelled = () => {
      asked += 1;
      return asked > 2;
    };
    const { result, progress } = await run(painter(), {}, isCancelled);
    await expect(result).rejects.toMatchObject({ kind: 'cancelled' });
    expect(progress.length).toBeLessThan(2);
  });
});
