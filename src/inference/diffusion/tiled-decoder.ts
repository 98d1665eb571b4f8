/**
 * Decodes large latents in overlapping tiles, so that the decoder's memory does not grow with the picture. A decoder
 * normalises over what it sees, so tiles differ a little in tone; linear ramps over the overlap hide that.
 */
import type { FloatTensor, HostTensor } from '../graph.ts';

/** When and how latents are cut. */
export interface DecodeTiling {
  /** Latents (height times width) that are decoded whole. */
  readonly wholeLatents: number;
  /** Side of a tile in latents, and how much of it lies over its neighbour. */
  readonly tile: number;
  readonly overlap: number;
}

/** Whole up to 1024 x 1024 pixels of an autoencoder that shrinks by 8. */
export const DEFAULT_TILING: DecodeTiling = { wholeLatents: 128 * 128, tile: 96, overlap: 24 };

/** Starts of tiles along a side; the last one ends where the side does. */
export function tileStarts(side: number, { tile, overlap }: DecodeTiling): readonly number[] {
  if (side <= tile) return [0];
  const count = Math.ceil((side - overlap) / (tile - overlap));
  return Array.from({ length: count }, (_, i) => Math.min(i * (tile - overlap), side - tile));
}

/** The part [1, c, h, w] of latents [1, c, height, width]. */
function crop(latents: HostTensor, top: number, left: number, side: Sides): HostTensor {
  const [, channels = 0, height = 0, width = 0] = latents.dims;
  const data = new Float32Array(channels * side.height * side.width);
  for (let row = 0; row < channels * side.height; row += 1) {
    const channel = Math.floor(row / side.height);
    const from = (channel * height + top + (row % side.height)) * width + left;
    data.set(latents.data.subarray(from, from + side.width), row * side.width);
  }
  return { data, dims: [1, channels, side.height, side.width] };
}

interface Sides {
  readonly height: number;
  readonly width: number;
}

/** Share of an overlap, at its outer end, where a tile counts for nothing: it has not seen what lies beyond its edge. */
const BLIND_SHARE = 0.25;

/** Weight of a tile's pixel along one side: a ramp inside the overlap where there is a neighbour. */
function rampOf(
  length: number,
  overlapPx: number,
  isFirst: boolean,
  isLast: boolean,
): Float32Array {
  const blindPx = overlapPx * BLIND_SHARE;
  const weight = (insidePx: number) => (insidePx - blindPx) / (overlapPx - 2 * blindPx);
  return Float32Array.from({ length }, (_, i) => {
    const fromStart = isFirst ? 1 : weight(i + 0.5);
    const fromEnd = isLast ? 1 : weight(length - i - 0.5);
    return Math.max(0, Math.min(1, fromStart, fromEnd));
  });
}

/** The picture that tiles are added to. */
class Canvas {
  readonly data: Float32Array;
  readonly #weights: Float32Array;
  readonly #side: Sides;

  constructor(side: Sides) {
    this.#side = side;
    this.data = new Float32Array(3 * side.height * side.width);
    this.#weights = new Float32Array(side.height * side.width);
  }

  add(
    tile: FloatTensor,
    top: number,
    left: number,
    rows: Float32Array,
    columns: Float32Array,
  ): void {
    const plane = rows.length * columns.length;
    const ownPlane = this.#weights.length;
    for (let y = 0; y < rows.length; y += 1) {
      for (let x = 0; x < columns.length; x += 1) {
        const weight = (rows[y] as number) * (columns[x] as number);
        const to = (top + y) * this.#side.width + left + x;
        this.#weights[to] = (this.#weights[to] as number) + weight;
        for (let channel = 0; channel < 3; channel += 1) {
          const value = tile.data[channel * plane + y * columns.length + x] as number;
          const at = channel * ownPlane + to;
          this.data[at] = (this.data[at] as number) + weight * value;
        }
      }
    }
  }

  finish(): FloatTensor {
    const plane = this.#weights.length;
    for (let at = 0; at < this.data.length; at += 1)
      this.data[at] = (this.data[at] as number) / (this.#weights[at % plane] as number);
    return { data: this.data, dims: [1, 3, this.#side.height, this.#side.width] };
  }
}

/**
 * Decode latents of one picture.
 * @param latents [1, c, h, w] at the decoder's scale
 * @param scalePx pixels of a side that one latent becomes
 * @param decode decodes [1, c, h, w] to [1, 3, h * scalePx, w * scalePx]
 * @param onTile told the share that is done, 0..1, before each tile; may throw to stop
 */
export async function decodeTiled(
  latents: HostTensor,
  scalePx: number,
  tiling: DecodeTiling,
  decode: (latents: HostTensor) => Promise<FloatTensor>,
  onTile: (done: number) => void = () => undefined,
): Promise<FloatTensor> {
  const [, , height = 0, width = 0] = latents.dims;
  if (height * width <= tiling.wholeLatents) {
    onTile(0);
    return decode(latents);
  }
  const side = { height: Math.min(height, tiling.tile), width: Math.min(width, tiling.tile) };
  const tops = tileStarts(height, tiling);
  const lefts = tileStarts(width, tiling);
  const canvas = new Canvas({ height: height * scalePx, width: width * scalePx });
  const overlapPx = tiling.overlap * scalePx;
  for (const [row, top] of tops.entries()) {
    const rows = rampOf(side.height * scalePx, overlapPx, row === 0, row === tops.length - 1);
    for (const [column, left] of lefts.entries()) {
      onTile((row * lefts.length + column) / (tops.length * lefts.length));
      const isLast = column === lefts.length - 1;
      const columns = rampOf(side.width * scalePx, overlapPx, column === 0, isLast);
      const tile = await decode(crop(latents, top, left, side));
      canvas.add(tile, top * scalePx, left * scalePx, rows, columns);
    }
  }
  return canvas.finish();
}
