/**
 * Cuts a picture into tiles of one shape. Each tile's core is kept, the overlap around it is only
 * read, so that a network whose receptive field fits into the overlap gives the same result as on
 * the whole picture.
 */
import type { Picture, Size } from './picture.ts';
import { byte } from './picture.ts';

/** Part of the picture that one tile answers for. */
export interface TileCore {
  readonly x: number;
  readonly y: number;
  readonly widthPx: number;
  readonly heightPx: number;
}

/** All tiles of a picture. */
export interface TileGrid {
  /** Shape of every tile, overlap included. */
  readonly tile: Size;
  readonly overlapPx: number;
  readonly cores: readonly TileCore[];
}

/** Tile sides are multiples of this, so that few shapes occur. */
const GRANULE_PX = 16;

/** Side of the cores along one axis: as even as the granule allows, so that no sliver is left. */
function coreSide(length: number, maxCore: number): number {
  const count = Math.ceil(length / maxCore);
  return Math.min(maxCore, Math.ceil(length / count / GRANULE_PX) * GRANULE_PX);
}

/**
 * Plan the tiles.
 * @param tilePx Longest side of a tile, overlap included; more than twice the overlap.
 */
export function planTiles(size: Size, tilePx: number, overlapPx: number): TileGrid {
  const maxCore = tilePx - 2 * overlapPx;
  if (maxCore < GRANULE_PX) throw new RangeError('A tile must be wider than its overlaps.');
  const width = coreSide(size.widthPx, maxCore);
  const height = coreSide(size.heightPx, maxCore);
  const cores: TileCore[] = [];
  for (let y = 0; y < size.heightPx; y += height) {
    for (let x = 0; x < size.widthPx; x += width) {
      cores.push({
        x,
        y,
        widthPx: Math.min(width, size.widthPx - x),
        heightPx: Math.min(height, size.heightPx - y),
      });
    }
  }
  const tile = { widthPx: width + 2 * overlapPx, heightPx: height + 2 * overlapPx };
  return { tile, overlapPx, cores };
}

/**
 * Read one tile; beyond the picture its edge is repeated.
 * @param into Float32 [3, tile height, tile width], written as 0..1.
 */
export function readTile(
  picture: Picture,
  grid: TileGrid,
  core: TileCore,
  into: Float32Array,
): void {
  const { data, channels, widthPx, heightPx } = picture;
  const plane = grid.tile.widthPx * grid.tile.heightPx;
  for (let row = 0; row < grid.tile.heightPx; row += 1) {
    const y = Math.min(heightPx - 1, Math.max(0, core.y + row - grid.overlapPx));
    for (let column = 0; column < grid.tile.widthPx; column += 1) {
      const x = Math.min(widthPx - 1, Math.max(0, core.x + column - grid.overlapPx));
      const from = (y * widthPx + x) * channels;
      const to = row * grid.tile.widthPx + column;
      into[to] = byte(data, from) / 255;
      into[to + plane] = byte(data, from + 1) / 255;
      into[to + 2 * plane] = byte(data, from + 2) / 255;
    }
  }
}

/**
 * Write the core of an enlarged tile into the result.
 * @param tileData Uint8 [scale * tile height, scale * tile width, 3].
 * @param target Uint8 [scale * height, scale * width, 3] of the whole picture.
 */
export function writeCore(
  tileData: Uint8Array,
  grid: TileGrid,
  core: TileCore,
  target: { readonly data: Uint8Array; readonly widthPx: number; readonly scale: number },
): void {
  const { scale } = target;
  const tileRow = grid.tile.widthPx * scale * 3;
  const length = core.widthPx * scale * 3;
  for (let row = 0; row < core.heightPx * scale; row += 1) {
    const from = (row + grid.overlapPx * scale) * tileRow + grid.overlapPx * scale * 3;
    const to = ((core.y * scale + row) * target.widthPx + core.x * scale) * 3;
    target.data.set(tileData.subarray(from, from + length), to);
  }
}
