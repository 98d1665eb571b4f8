/** Runs one graph over a picture, tile by tile. */
import type { Picture, Size } from '../../imaging/picture.ts';
import { resizePicture } from '../../imaging/reframe.ts';
import { TileMosaic } from '../../imaging/tile-mosaic.ts';
import { planTiles, readTile } from '../../imaging/tiles.ts';
import type { GraphPort } from '../graph.ts';
import type { OutputTensor, Session } from '../session.ts';
import type { Scale, Tiling } from './families.ts';

/** A graph and how it is run. */
export interface TileRun {
  readonly session: Session;
  readonly tiling: Tiling;
  /** Factor of the graph. */
  readonly graphScale: Scale;
  /** Factor of the result; where it is smaller, each tile is reduced with Lanczos' kernel. */
  readonly scale: Scale;
  /** Longest side of a tile. */
  readonly tilePx: number;
  /** Called after each tile with the share done, 0..1; throws to stop. */
  readonly afterTile: (fraction: number) => void;
}

/** The size that a graph insists on; undefined: it takes any. */
export function exactSizeOf({ dims }: GraphPort): Size | undefined {
  const [, , heightPx, widthPx] = dims;
  return typeof heightPx === 'number' && typeof widthPx === 'number' && heightPx > 0 && widthPx > 0
    ? { heightPx, widthPx }
    : undefined;
}

/** Pixels of an output: uint8 [1, H, W, 3] as they are, floats [1, 3, H, W] from 0..1, rounded. */
function toPixels({ data }: OutputTensor, size: Size): Picture {
  if (data instanceof Uint8Array) return { ...size, data, channels: 3 };
  const plane = size.widthPx * size.heightPx;
  const pixels = new Uint8ClampedArray(plane * 3);
  for (let i = 0, to = 0; i < plane; i += 1, to += 3) {
    pixels[to] = (data[i] as number) * 255;
    pixels[to + 1] = (data[i + plane] as number) * 255;
    pixels[to + 2] = (data[i + 2 * plane] as number) * 255;
  }
  return { ...size, data: new Uint8Array(pixels.buffer), channels: 3 };
}

const times = ({ widthPx, heightPx }: Size, scale: number): Size => ({
  widthPx: widthPx * scale,
  heightPx: heightPx * scale,
});

/**
 * Enlarge the colours of a picture.
 * @returns Uint8 [scale * height, scale * width, 3].
 * @throws Error when the graph gives another size; whatever `afterTile` throws.
 */
export async function runTiles(picture: Picture, run: TileRun): Promise<Uint8Array> {
  const { session, tiling, graphScale, scale, tilePx, afterTile } = run;
  const grid = planTiles(picture, {
    ...tiling,
    tilePx,
    paddedSide: (sidePx) => tiling.paddedSide(sidePx, graphScale),
    exact: exactSizeOf(session.input),
  });
  const { widthPx, heightPx } = grid.tile;
  const mosaic = new TileMosaic(grid, { size: picture, scale, featherPx: tiling.featherPx });
  const input = new Float32Array(3 * widthPx * heightPx);
  const tiles = grid.rows.flatMap((row) => grid.columns.map((column) => [column, row] as const));
  for (const [index, tile] of tiles.entries()) {
    readTile(picture, grid, tile, input);
    const output = await session.run({ data: input, dims: [1, 3, heightPx, widthPx] });
    if (output.data.length !== input.length * graphScale ** 2) {
      throw new Error(`The graph for ${graphScale}x did not give ${graphScale} times the size.`);
    }
    const enlarged = toPixels(output, times(grid.tile, graphScale));
    mosaic.put(resizePicture(enlarged, times(grid.tile, scale)).data, tile);
    afterTile((index + 1) / tiles.length);
  }
  return mosaic.data;
}
