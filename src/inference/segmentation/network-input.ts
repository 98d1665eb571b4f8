/** A picture as a segmentation network takes it. */
import { shrinkPicture } from '../../imaging/codec.ts';
import type { Picture, Size } from '../../imaging/picture.ts';
import type { Filter } from '../../imaging/resampling-taps.ts';
import { channelOf, resizeBytes, resizePlane } from '../../imaging/resize.ts';
import type { GraphPort, HostTensor } from '../graph.ts';
import type { MatteRun } from './families.ts';

/** Sides of what MODNet sees are multiples of this. */
const MODNET_STEP_PX = 32;

/** The ratio kept, the shorter side at `sizePx`; a picture that has it between its sides keeps its own size. */
function modnetSize({ widthPx, heightPx }: Size, sizePx: number): Size {
  const shorter = Math.min(widthPx, heightPx);
  const longer = Math.max(widthPx, heightPx);
  const isKept = longer >= sizePx && shorter <= sizePx;
  const sideOf = (side: number): number => {
    const scaled = isKept ? side : Math.trunc((side / shorter) * sizePx);
    return Math.max(MODNET_STEP_PX, scaled - (scaled % MODNET_STEP_PX));
  };
  return { widthPx: sideOf(widthPx), heightPx: sideOf(heightPx) };
}

/** The size that the network sees: the manifest's, else the only one that the graph takes, else the family's. */
export function inputSizeOf({ dims }: GraphPort, picture: Size, run: MatteRun): Size {
  const [, , heightPx, widthPx] = dims;
  const isFixed = typeof heightPx === 'number' && typeof widthPx === 'number' && heightPx > 0;
  if (isFixed && widthPx > 0 && !run.isSizeChosen) return { widthPx, heightPx };
  if (run.shape === 'modnet') return modnetSize(picture, run.sizePx);
  return { widthPx: run.sizePx, heightPx: run.sizePx };
}

type Planes = readonly ArrayLike<number>[];

const channelsOf = (picture: Picture): readonly Uint8Array[] =>
  [0, 1, 2].map((channel) => channelOf(picture, channel));

/** sharp shrinks; what must be enlarged goes through our own resampler. */
async function resizeBySharp(picture: Picture, to: Size): Promise<Planes> {
  const isShrinking = picture.widthPx >= to.widthPx && picture.heightPx >= to.heightPx;
  if (isShrinking) return channelsOf(await shrinkPicture(picture, to));
  return resizeAsFloats(picture, to, 'bicubic');
}

const resizeAsFloats = (picture: Picture, to: Size, filter: Filter): Planes =>
  channelsOf(picture).map((plane) => resizePlane(plane, picture, to, filter));

/** Red, green and blue at the network's size, 0..255. */
async function resized(picture: Picture, to: Size, { resize }: MatteRun): Promise<Planes> {
  switch (resize.by) {
    case 'sharp':
      return resizeBySharp(picture, to);
    case 'pil':
      return channelsOf(picture).map((plane) => resizeBytes(plane, picture, to, resize.filter));
    case 'floats':
      return resizeAsFloats(picture, to, resize.filter);
    default:
      return resize satisfies never;
  }
}

const greatestOf = (values: ArrayLike<number>): number => {
  let greatest = 0;
  for (let i = 0; i < values.length; i += 1) greatest = Math.max(greatest, values[i] as number);
  return greatest;
};

/** The network's input, Float32 [1, 3, h, w]. */
export async function networkInput(
  picture: Picture,
  size: Size,
  run: MatteRun,
): Promise<HostTensor> {
  const planes = await resized(picture, size, run);
  const white = run.divideBy === 'white' ? 255 : Math.max(...planes.map(greatestOf), 1e-6);
  const count = size.widthPx * size.heightPx;
  const data = new Float32Array(3 * count);
  for (const [channel, plane] of planes.entries()) {
    const mean = run.mean[channel] as number;
    const std = run.std[channel] as number;
    for (let i = 0; i < count; i += 1) {
      data[channel * count + i] = ((plane[i] as number) / white - mean) / std;
    }
  }
  return { data, dims: [1, 3, size.heightPx, size.widthPx] };
}
