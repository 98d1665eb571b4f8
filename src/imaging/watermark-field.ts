/**
 * The word of the watermark, drawn from strokes of our own: one tile of a distance field in the
 * manner of Green, "Improved alpha-tested magnification" (SIGGRAPH 2007), from which the letters
 * can be drawn sharp at any size without a font.
 */

/** How far each texel of the tile is from the nearest stroke. */
export interface WatermarkField {
  /**
   * Float32 [height + 1, width + 1], in cells of the letter grid: the first row and column stand
   * again at the end. At most `FAR_CELLS`, which is less than the room around a word, so that
   * nothing is nearer in a neighbouring tile.
   */
  readonly distances: Float32Array;
  readonly widthTexels: number;
  readonly heightTexels: number;
}

interface Segment {
  readonly x: number;
  readonly y: number;
  readonly dx: number;
  readonly dy: number;
}

/** Texels for a cell of the letter grid. */
export const TEXELS_PER_CELL = 6;
/** Cells from the top of a letter to its foot. */
export const LETTER_CELLS = 6;
const FAR_CELLS = 3;

const WORD = 'SANDBOX';
/** Each letter as strokes from point to point; `xy` on a grid of 4 by 6 cells. */
const STROKES: Readonly<Record<string, readonly string[]>> = {
  S: ['41 30 10 01 02 13 33 44 45 36 16 05'],
  A: ['06 20 46', '14 34'],
  N: ['06 00 46 40'],
  D: ['00 30 41 45 36 06 00'],
  B: ['03 00 30 41 42 33 03 06 36 45 44 33'],
  O: ['10 30 41 45 36 16 05 01 10'],
  X: ['00 46', '40 06'],
};
const LETTER_STEP = 6;
/** Room around the word: 10 cells to the next one, as many to the next line. */
const ROOM_CELLS = 10;
const WORD_CELLS = (WORD.length - 1) * LETTER_STEP + 4;
const WIDTH_TEXELS = (WORD_CELLS + ROOM_CELLS) * TEXELS_PER_CELL;
const HEIGHT_TEXELS = (LETTER_CELLS + ROOM_CELLS) * TEXELS_PER_CELL;

function segmentsOf(stroke: string, left: number, top: number): Segment[] {
  const points = stroke
    .split(' ')
    .map((point) => [left + Number(point[0]), top + Number(point[1])] as const);
  return points.slice(1).map(([toX, toY], i) => {
    const [x, y] = points[i] as readonly [number, number];
    return { x, y, dx: toX - x, dy: toY - y };
  });
}

/** Distance of a point from the nearest segment, in cells. */
function distanceTo(segments: readonly Segment[], x: number, y: number): number {
  let nearest = FAR_CELLS ** 2;
  for (const { x: startX, y: startY, dx, dy } of segments) {
    const along = ((x - startX) * dx + (y - startY) * dy) / (dx * dx + dy * dy);
    const t = Math.min(1, Math.max(0, along));
    const square = (x - startX - t * dx) ** 2 + (y - startY - t * dy) ** 2;
    if (square < nearest) nearest = square;
  }
  return Math.sqrt(nearest);
}

/** Draw the tile, the word in its middle; about 30,000 texels, each compared with every stroke. */
export function watermarkField(): WatermarkField {
  const margin = ROOM_CELLS / 2;
  const segments = [...WORD].flatMap((letter, i) =>
    (STROKES[letter] ?? []).flatMap((stroke) =>
      segmentsOf(stroke, margin + i * LETTER_STEP, margin),
    ),
  );
  const stride = WIDTH_TEXELS + 1;
  const distances = new Float32Array(stride * (HEIGHT_TEXELS + 1));
  for (let i = 0; i < distances.length; i += 1) {
    const x = (i % stride) / TEXELS_PER_CELL;
    const y = Math.floor(i / stride) / TEXELS_PER_CELL;
    distances[i] = distanceTo(segments, x, y);
  }
  return { distances, widthTexels: WIDTH_TEXELS, heightTexels: HEIGHT_TEXELS };
}
