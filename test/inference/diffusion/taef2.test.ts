/** TAEF2, an autoencoder of another maker with real weights: a photograph through it and back stays what it was. */
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Session } from '../../../src/inference/session.ts';
import { FAMILY_GOLDEN, publicGraph, readPicture } from '../../support/graph-packs.ts';

const encoder = publicGraph('taef2-encoder.onnx');
const decoder = publicGraph('taef2-decoder.onnx');
const isThere = encoder !== undefined && decoder !== undefined;

async function open(path: string): Promise<Session> {
  const session = await Session.load(path, { provider: 'cpu', deviceId: 0, threads: 1 });
  onTestFinished(() => session.release());
  return session;
}

test.skipIf(!isThere)(
  isThere ? 'a photograph keeps 29 dB through TAEF2 and back' : 'TAEF2 is not in ../shared/weights',
  async () => {
    const picture = await readPicture(join(FAMILY_GOLDEN, 'dish.png'));
    const { data, widthPx, heightPx } = picture;
    const plane = widthPx * heightPx;
    const planes = new Float32Array(plane * 3);
    for (let i = 0; i < data.length; i += 1) {
      planes[(i % 3) * plane + Math.floor(i / 3)] = (data[i] ?? 0) / 255;
    }
    const dims = [1, 3, heightPx, widthPx];
    const latents = await (await open(encoder ?? '')).run({ data: planes, dims });
    expect(latents.dims).toEqual([1, 32, heightPx / 8, widthPx / 8]);
    const back = await (await open(decoder ?? '')).run({
      data: Float32Array.from(latents.data),
      dims: latents.dims,
    });
    expect(back.dims).toEqual(dims);
    let squares = 0;
    for (let i = 0; i < planes.length; i += 1) {
      squares += (Math.min(1, Math.max(0, back.data[i] ?? 9)) - (planes[i] ?? 0)) ** 2;
    }
    expect(10 * Math.log10(planes.length / squares)).toBeGreaterThan(29);
  },
);
