/**
 * Family `colour-table` of enhancement packs: a graph that looks at the whole picture, reduced to a square, and answers
 * with a 3D lookup table for it and with how much local contrast it lacks. As in "Learning Image-adaptive 3D Lookup
 * Tables" (Zeng et al. 2020, https://arxiv.org/abs/2009.14468) the table is applied at the picture's full size, so
 * no pixel is drawn by the network.
 */
import { shrinkPicture } from '../../imaging/codec.ts';
import type { ColourTable } from '../../imaging/colour-table.ts';
import type { Picture } from '../../imaging/picture.ts';
import { resizePicture } from '../../imaging/reframe.ts';
import { channelOf } from '../../imaging/resize.ts';
import type { LoadedPack } from '../loaded-pack.ts';
import type { OutputTensor } from '../session.ts';

/** Name of the family. */
export const COLOUR_TABLE_FAMILY = 'colour-table';

/** What a network says of a picture. */
export interface Correction {
  readonly table: ColourTable;
  /** Local contrast to add, in parts of what is there; negative takes some away. */
  readonly localContrast: number;
}

/** Red, green and blue, 0..1, of the picture stretched to a square. */
async function inputOf(picture: Picture, sidePx: number): Promise<Float32Array> {
  const to = { widthPx: sidePx, heightPx: sidePx };
  const isLarger = picture.widthPx >= sidePx && picture.heightPx >= sidePx;
  const reduced = isLarger ? await shrinkPicture(picture, to) : resizePicture(picture, to);
  const input = new Float32Array(3 * sidePx * sidePx);
  for (const channel of [0, 1, 2]) {
    const plane = channelOf(reduced, channel);
    for (let i = 0; i < plane.length; i += 1) {
      input[channel * plane.length + i] = (plane[i] as number) / 255;
    }
  }
  return input;
}

function tableOf({ data, dims }: OutputTensor): ColourTable {
  const [corners = 0] = dims;
  const isCube = dims.length === 4 && dims.slice(0, 3).every((side) => side === corners);
  if (!(data instanceof Float32Array) || !isCube || dims[3] !== 3 || corners < 2 || corners > 256) {
    throw new Error(`The graph's output [${dims.join(', ')}] is no colour table [n, n, n, 3].`);
  }
  return { corners, data };
}

/**
 * Ask a pack what a picture needs.
 * @param picture Its colours count also where it is transparent.
 * @throws Error when the family is unknown or the graph misbehaves.
 */
export async function findCorrection(loaded: LoadedPack, picture: Picture): Promise<Correction> {
  const { family } = loaded.pack;
  if (family !== COLOUR_TABLE_FAMILY) {
    throw new Error(`There is no enhancement family "${family}": ${COLOUR_TABLE_FAMILY}.`);
  }
  const session = loaded.session('model');
  const sidePx = session.input.dims.at(-1);
  if (typeof sidePx !== 'number' || sidePx < 16) {
    throw new Error('The graph of a colour table takes a picture of a fixed size.');
  }
  const data = await inputOf(picture, sidePx);
  const [table, strength] = await session.runAll({ data, dims: [1, 3, sidePx, sidePx] });
  if (table === undefined || strength === undefined) {
    throw new Error('The graph gives no table and local contrast.');
  }
  return { table: tableOf(table), localContrast: strength.data[0] as number };
}
