/** The matte of a segmentation network at its own size, equal to its reference implementation's. */
import type { Picture, Size } from '../../imaging/picture.ts';
import type { LoadedPack } from '../loaded-pack.ts';
import type { OutputTensor } from '../session.ts';
import { type MatteRun, matteRunOf } from './families.ts';
import { inputSizeOf, networkInput } from './network-input.ts';

/** What the network says. */
export interface NetworkMatte {
  /** Float32 [h, w], 0..1. */
  readonly alpha: Float32Array;
  readonly size: Size;
}

/** The first plane of an output [.., h, w]. */
function firstPlane({ data, dims }: OutputTensor): NetworkMatte {
  const [heightPx = 0, widthPx = 0] = dims.slice(-2);
  const count = heightPx * widthPx;
  if (!(data instanceof Float32Array) || dims.length < 2 || count === 0) {
    throw new Error(`The graph's output [${dims.join(', ')}] is no matte of floats.`);
  }
  return { alpha: data.slice(0, count), size: { widthPx, heightPx } };
}

/** Stretch to 0..1; a flat matte found nothing. In place. */
function stretchRange(values: Float32Array): void {
  let least = Number.POSITIVE_INFINITY;
  let greatest = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    least = Math.min(least, value);
    greatest = Math.max(greatest, value);
  }
  const range = greatest - least;
  for (let i = 0; i < values.length; i += 1) {
    values[i] = range === 0 ? 0 : ((values[i] as number) - least) / range;
  }
}

function toOpacities(values: Float32Array, { activation, minMax }: MatteRun): void {
  if (activation === 'sigmoid') {
    for (let i = 0; i < values.length; i += 1)
      values[i] = 1 / (1 + Math.exp(-(values[i] as number)));
  }
  if (minMax) stretchRange(values);
}

/** Run the network. @throws Error when the graph misbehaves. */
export async function networkMatte(pack: LoadedPack, picture: Picture): Promise<NetworkMatte> {
  const run = matteRunOf(pack);
  const session = pack.session('model');
  const size = inputSizeOf(session.input, picture, run);
  const output = session.outputs.at(run.output === 'first' ? 0 : -1);
  const matte = firstPlane(await session.run(await networkInput(picture, size, run), output));
  toOpacities(matte.alpha, run);
  return matte;
}
