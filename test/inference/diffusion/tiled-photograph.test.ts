/** A real photograph through a real autoencoder, decoded in tiles: no seam may be seen. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { decodeTiled } from '../../../src/inference/diffusion/tiled-decoder.ts';
import type { FloatTensor, HostTensor } from '../../../src/inference/graph.ts';
import { loadGraph } from '../../../src/inference/session.ts';
import { sharp } from '../../support/sharp.ts';

const shared = (path: string) =>
  fileURLToPath(new URL(`../../../../shared/${path}`, import.meta.url));
const encoderPath = shared('weights/taef2-encoder.onnx');
const decoderPath = shared('weights/taef2-decoder.onnx');
const photograph = shared('data/photos/food/apple-strudel-1.jpg');
const isThere = [encoderPath, decoderPath, photograph].every(existsSync);
if (!isThere) process.stderr.write(`Skipped: ${encoderPath} or ${photograph} is not there.\n`);

const cpu = { provider: 'cpu', deviceId: 0, threads: 1 } as const;
const WIDTH = 384;
const HEIGHT = 256;
const tiling = { wholeLatents: 100, tile: 24, overlap: 8 };

async function pixels(): Promise<HostTensor> {
  const bytes = await sharp(photograph).resize(WIDTH, HEIGHT).removeAlpha().raw().toBuffer();
  const plane = WIDTH * HEIGHT;
  const data = Float32Array.from(
    { length: 3 * plane },
    (_, at) => bytes[(at % plane) * 3 + Math.floor(at / plane)]! / 255,
  );
  return { data, dims: [1, 3, HEIGHT, WIDTH] };
}

async function runOnce(path: string, input: HostTensor): Promise<FloatTensor> {
  const graph = await loadGraph(path, cpu);
  const [inputName = ''] = graph.inputs.keys();
  const [outputName = ''] = graph.outputs.keys();
  const answer = (await graph.run({ [inputName]: input }, [outputName]))[outputName];
  await graph.release();
  return answer!;
}

/** Mean difference of neighbours across each vertical line of pixels. */
function contrastByColumn({ data }: FloatTensor): readonly number[] {
  return Array.from({ length: WIDTH - 1 }, (_, x) => {
    let sum = 0;
    for (let row = 0; row < 3 * HEIGHT; row += 1)
      sum += Math.abs(data[row * WIDTH + x + 1]! - data[row * WIDTH + x]!);
    return sum / (3 * HEIGHT);
  });
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

describe.skipIf(!isThere)('a photograph decoded in tiles', () => {
  it('shows no line where tiles meet', async () => {
    const latents = await runOnce(encoderPath, await pixels());
    const decode = (part: HostTensor) => runOnce(decoderPath, part);
    const whole = await decode(latents);
    let tiles = 0;
    const tiled = await decodeTiled(latents, 8, tiling, decode, () => {
      tiles += 1;
    });
    expect(tiles).toBeGreaterThan(4);
    const wholeColumns = contrastByColumn(whole);
    const level = 1 / 255;
    const more = contrastByColumn(tiled).map((contrast, x) => contrast - wholeColumns[x]!);
    for (const [x, own] of more.entries()) {
      const around = more.slice(Math.max(0, x - 8), x + 9);
      expect(own - median(around), `column ${x}`).toBeLessThan(level);
    }
  });
});
