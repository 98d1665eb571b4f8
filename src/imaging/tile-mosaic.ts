/**
 * Puts enlarged tiles together. Where a network sees further than the overlap, two tiles differ a little at their common
 * edge; there they are faded into each other, across and then down, so that no line is seen.
 */
import { byte, type Size } from './picture.ts';
import type { TileGrid, TileSpan } from './tiles.ts';

/** Shape of the result. */
export interface MosaicOptions {
  /** Size of the source. */
  readonly size: Size;
  readonly scale: number;
  /** Half the width of the fade in pixels of the source; at most the overlap and 8. 0: none. */
  readonly featherPx: number;
}

/** Weights of the new value across a fade, rising from 0 to 1, where a narrow tile may end before it does. */
const rampOf = ({ from, to, fade }: Reach): readonly number[] =>
  Array.from({ length: Math.min(fade, to - from) }, (_, i) => (i + 0.5) / fade);

/** What a tile writes along one axis, fades included, in pixels of the result. */
interface Reach {
  readonly from: number;
  readonly to: number;
  /** Length of the fade at its beginning. */
  readonly fade: number;
}

/** The result, filled tile by tile: along a row, then the next row. */
export class TileMosaic {
  /** Uint8 [scale * height, scale * width, 3]. */
  readonly data: Uint8Array;
  readonly #grid: TileGrid;
  readonly #options: MosaicOptions;
  readonly #rowBytes: number;
  /** A row of tiles, put together across. */
  #strip = new Uint8Array(0);

  constructor(grid: TileGrid, options: MosaicOptions) {
    const { size, scale } = options;
    this.#grid = grid;
    this.#options = options;
    this.#rowBytes = size.widthPx * scale * 3;
    this.data = new Uint8Array(this.#rowBytes * size.heightPx * scale);
  }

  #reachOf({ start, length }: TileSpan, side: number): Reach {
    const { scale, featherPx } = this.#options;
    const before = start === 0 ? 0 : featherPx;
    return {
      from: (start - before) * scale,
      to: Math.min(side, start + length + featherPx) * scale,
      fade: 2 * before * scale,
    };
  }

  /**
   * Write a tile.
   * @param tile Uint8 [scale * tile height, scale * tile width, 3].
   */
  put(tile: Uint8Array, [column, row]: readonly [TileSpan, TileSpan]): void {
    const { size, scale } = this.#options;
    const across = this.#reachOf(column, size.widthPx);
    const down = this.#reachOf(row, size.heightPx);
    if (column.start === 0) this.#strip = new Uint8Array(this.#rowBytes * (down.to - down.from));
    const tileRow = this.#grid.tile.widthPx * scale * 3;
    const left = (across.from - column.origin * scale) * 3;
    const ramp = rampOf(across);
    for (let y = down.from; y < down.to; y += 1) {
      const from = (y - row.origin * scale) * tileRow + left;
      const to = (y - down.from) * this.#rowBytes + across.from * 3;
      for (const [i, weight] of ramp.entries()) {
        mix(this.#strip, to + i * 3, tile, from + i * 3, weight);
        mix(this.#strip, to + i * 3 + 1, tile, from + i * 3 + 1, weight);
        mix(this.#strip, to + i * 3 + 2, tile, from + i * 3 + 2, weight);
      }
      const faded = ramp.length * 3;
      const length = (across.to - across.from) * 3;
      this.#strip.set(tile.subarray(from + faded, from + length), to + faded);
    }
    if (column === this.#grid.columns.at(-1)) this.#lay(down);
  }

  /** Write the finished strip into the result. */
  #lay(down: Reach): void {
    const strip = this.#strip;
    const top = down.from * this.#rowBytes;
    const ramp = rampOf(down);
    for (const [row, weight] of ramp.entries()) {
      const line = row * this.#rowBytes;
      for (let i = line; i < line + this.#rowBytes; i += 1) {
        mix(this.data, top + i, strip, i, weight);
      }
    }
    const faded = ramp.length * this.#rowBytes;
    this.data.set(strip.subarray(faded), top + faded);
  }
}

function mix(into: Uint8Array, at: number, from: Uint8Array, index: number, weight: number): void {
  const old = byte(into, at);
  into[at] = Math.round(old + (byte(from, index) - old) * weight);
}
