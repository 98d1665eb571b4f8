/**
 * Cuts a picture into tiles of one shape. Each tile answers for its core; the overlap around it is only read, so that
 * a network whose receptive field fits into the overlap gives the same result as on the whole picture.
 */
import { byte, type Picture, type Size } from './picture.ts';

/**
 * What is read where there is no picture. `repeat`: tiles reach beyond it on all sides, and the edge is repeated. With
 * the other two, tiles stay inside it, so that the network pads as on the whole picture, and only what is missing
 * to a side that the network can take is added at the right and bottom: mirrored at the last pixel without repeating it
 * (`reflect`), or with it (`symmetric`), as numpy calls them.
 */
export type Border = 'repeat' | 'reflect' | 'symmetric';

/** How to cut. */
export interface TileOptions {
  /** Longest side of a tile, overlap included; more than twice the overlap. */
  readonly tilePx: number;
  readonly overlapPx: number;
  readonly border: Border;
  /** The side that a network needs in order to take a whole picture of a side; absent: the same. */
  readonly paddedSide?: (sidePx: number) => number;
  /** The only size that the graph takes. */
  readonly exact?: Size | undefined;
}

/** Part of one axis that a tile answers for. */
export interface TileSpan {
  /** First pixel that the tile reads; outside the picture where its border is repeated. */
  readonly origin: number;
  /** First pixel of the core. */
  readonly start: number;
  /** Pixels of the core. */
  readonly length: number;
}

/** All tiles of a picture: each column with each row. */
export interface TileGrid {
  /** Shape of every tile, overlap included. */
  readonly tile: Size;
  readonly border: Border;
  readonly columns: readonly TileSpan[];
  readonly rows: readonly TileSpan[];
}

/** Sides of cores are multiples of this, so that few shapes occur and windows of attention keep their places. */
const GRANULE_PX = 16;

/** Smallest side of a tile that leaves a core. */
export const smallestTile = (overlapPx: number): number => 2 * overlapPx + GRANULE_PX;

/** Side of the cores along one axis: as even as the granule allows, so that no sliver is left. */
function coreSide(length: number, maxCore: number): number {
  const count = Math.ceil(length / maxCore);
  return Math.min(maxCore, Math.ceil(length / count / GRANULE_PX) * GRANULE_PX);
}

interface Axis {
  readonly tile: number;
  readonly spans: readonly TileSpan[];
}

/** Tiles that reach beyond the picture on both sides. */
function planAround(length: number, { tilePx, overlapPx }: TileOptions): Axis {
  const core = coreSide(length, tilePx - 2 * overlapPx);
  const spans = Array.from({ length: Math.ceil(length / core) }, (_, i) => ({
    origin: i * core - overlapPx,
    start: i * core,
    length: Math.min(core, length - i * core),
  }));
  return { tile: core + 2 * overlapPx, spans };
}

/** Tiles inside the picture: the first and the last need no overlap at its ends. */
function planInside(length: number, exactPx: number | undefined, options: TileOptions): Axis {
  const { overlapPx, paddedSide = (side) => side } = options;
  const tilePx = exactPx ?? options.tilePx;
  const padded = paddedSide(length);
  if (padded <= tilePx) {
    return { tile: exactPx ?? padded, spans: [{ origin: 0, start: 0, length }] };
  }
  const maxCore = tilePx - 2 * overlapPx;
  const between = padded - 2 * overlapPx;
  const core = coreSide(between, maxCore - (maxCore % GRANULE_PX));
  const tile = exactPx ?? Math.min(core + 2 * overlapPx, padded);
  const count = Math.ceil(between / core);
  const spans = Array.from({ length: count }, (_, i) => {
    const start = i === 0 ? 0 : i * core + overlapPx;
    const end = i === count - 1 ? length : (i + 1) * core + overlapPx;
    return { origin: Math.min(i * core, padded - tile), start, length: end - start };
  });
  return { tile, spans };
}

function planAxis(length: number, exactPx: number | undefined, options: TileOptions): Axis {
  const isAround = options.border === 'repeat' && exactPx === undefined;
  return isAround ? planAround(length, options) : planInside(length, exactPx, options);
}

/** Plan the tiles. @throws RangeError when a tile would be all overlap. */
export function planTiles(size: Size, options: TileOptions): TileGrid {
  const { border, exact, tilePx, overlapPx } = options;
  const smallestPx = exact === undefined ? tilePx : Math.min(exact.widthPx, exact.heightPx);
  if (smallestPx < smallestTile(overlapPx)) {
    throw new RangeError('A tile must be wider than its overlaps.');
  }
  const across = planAxis(size.widthPx, exact?.widthPx, options);
  const down = planAxis(size.heightPx, exact?.heightPx, options);
  const tile = { widthPx: across.tile, heightPx: down.tile };
  return { tile, border, columns: across.spans, rows: down.spans };
}

/** The pixel of a side that stands for one at `index`, which may lie beyond. */
function sourceIndex(index: number, side: number, border: Border): number {
  const mirrored = border === 'symmetric' ? 2 * side - 1 - index : 2 * side - 2 - index;
  const inside = index < side || border === 'repeat' ? index : mirrored;
  return Math.min(side - 1, Math.max(0, inside));
}

/**
 * Read one tile.
 * @param into Float32 [3, tile height, tile width], written as 0..1.
 */
export function readTile(
  picture: Picture,
  { tile, border }: TileGrid,
  [column, row]: readonly [TileSpan, TileSpan],
  into: Float32Array,
): void {
  const { data, channels, widthPx, heightPx } = picture;
  const plane = tile.widthPx * tile.heightPx;
  const columns = Int32Array.from({ length: tile.widthPx }, (_, i) =>
    sourceIndex(column.origin + i, widthPx, border),
  );
  for (let y = 0; y < tile.heightPx; y += 1) {
    const line = sourceIndex(row.origin + y, heightPx, border) * widthPx;
    for (let x = 0; x < tile.widthPx; x += 1) {
      const from = (line + (columns[x] as number)) * channels;
      const to = y * tile.widthPx + x;
      into[to] = byte(data, from) / 255;
      into[to + plane] = byte(data, from + 1) / 255;
      into[to + 2 * plane] = byte(data, from + 2) / 255;
    }
  }
}
