/**
 * Family `compact-residual`: one graph for each factor, run tile by tile. The graph ends in uint8
 * pixels, so that a quarter of the bytes is copied out of the runtime. The overlap covers the
 * network's receptive field: tiles leave no seams.
 */
import { z } from 'zod';
import { alphaOf, type Picture } from '../../imaging/picture.ts';
import { resizePlane } from '../../imaging/resize.ts';
import { planTiles, readTile, writeCore } from '../../imaging/tiles.ts';
import type { LoadedPack } from '../loaded-pack.ts';

const inputsSchema = z.strictObject({
  tilePx: z.int().min(32).max(4096),
  overlapPx: z.int().min(1).max(512),
  scales: z.array(z.union([z.literal(2), z.literal(4)])).min(1),
});

/** Factors that a pack says it has. */
export const scalesOf = (pack: LoadedPack): readonly (2 | 4)[] =>
  inputsSchema.parse(pack.pack.inputs).scales;

/** Called after each tile with the share done, 0..1; throws to stop. */
export type AfterTile = (fraction: number) => void;

/** Enlarge the colours of a picture by a factor. */
async function enlargeColours(
  pack: LoadedPack,
  picture: Picture,
  scale: 2 | 4,
  afterTile: AfterTile,
): Promise<Uint8Array> {
  const { tilePx, overlapPx } = inputsSchema.parse(pack.pack.inputs);
  const session = pack.session(`x${scale}`);
  const grid = planTiles(picture, tilePx, overlapPx);
  const { widthPx, heightPx } = grid.tile;
  const target = {
    data: new Uint8Array(picture.widthPx * picture.heightPx * scale * scale * 3),
    widthPx: picture.widthPx * scale,
    scale,
  };
  const input = new Float32Array(3 * widthPx * heightPx);
  for (const [index, core] of grid.cores.entries()) {
    readTile(picture, grid, core, input);
    const output = await session.run({ data: input, dims: [1, 3, heightPx, widthPx] });
    if (!(output.data instanceof Uint8Array) || output.data.length !== input.length * scale ** 2) {
      throw new Error(`Pack ${pack.pack.id} did not give ${scale}x pixels.`);
    }
    writeCore(output.data, grid, core, target);
    afterTile((index + 1) / grid.cores.length);
  }
  return target.data;
}

/** Enlarged alpha, Uint8: by our own resampler, since the network knows colours only. */
function enlargeAlpha(picture: Picture, scale: number): Uint8Array {
  const to = { widthPx: picture.widthPx * scale, heightPx: picture.heightPx * scale };
  const plane = resizePlane(alphaOf(picture), picture, to, 'bicubic');
  return Uint8Array.from(plane, (value) => Math.min(255, Math.max(0, Math.round(value))));
}

/**
 * Enlarge a picture.
 * @returns A picture of exactly `scale` times the size, with alpha when the source has it.
 * @throws Error when the graph misbehaves; whatever `afterTile` throws.
 */
export async function enlarge(
  pack: LoadedPack,
  picture: Picture,
  scale: 2 | 4,
  afterTile: AfterTile,
): Promise<Picture> {
  const size = { widthPx: picture.widthPx * scale, heightPx: picture.heightPx * scale };
  const colours = await enlargeColours(pack, picture, scale, afterTile);
  if (picture.channels === 3) return { ...size, data: colours, channels: 3 };
  const alpha = enlargeAlpha(picture, scale);
  const data = new Uint8Array(alpha.length * 4);
  for (let i = 0; i < alpha.length; i += 1) {
    data[i * 4] = colours[i * 3] as number;
    data[i * 4 + 1] = colours[i * 3 + 1] as number;
    data[i * 4 + 2] = colours[i * 3 + 2] as number;
    data[i * 4 + 3] = alpha[i] as number;
  }
  return { ...size, data, channels: 4 };
}
