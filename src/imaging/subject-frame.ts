/** How the subject of a matte lies in the frame: how much of it is filled, and whether an edge cuts it. */
import type { Size } from './picture.ts';

/** Matte above which a pixel is the subject's. */
const FOUND = 0.5;
/** An edge is this share of the side deep: a matte seldom reaches the last row of pixels exactly. */
const EDGE_DEPTH = 0.01;

/** A number for each side of the frame, 0..1. */
export interface Sides {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Where a subject lies; everything in shares of the frame, 0..1. */
export interface SubjectFrame {
  /** Share of the frame's pixels. */
  readonly areaShare: number;
  /** Bounding box: where its sides lie, from the left and from the top. */
  readonly box: Sides;
  /** How much of the length of each side of the frame the subject lies on. */
  readonly touches: Sides;
}

/** First and last index that holds the subject, and how many do. */
interface Span {
  readonly first: number;
  readonly end: number;
  readonly count: number;
}

function spanOf(counts: Uint32Array): Span {
  const first = counts.findIndex((count) => count > 0);
  const end = counts.findLastIndex((count) => count > 0) + 1;
  return { first, end, count: counts.reduce((sum, count) => sum + count, 0) };
}

/** How many subject pixels each row and each column of a window of the matte has. */
function countsIn(
  matte: Float32Array,
  { widthPx }: Size,
  window: Sides,
): { readonly rows: Uint32Array; readonly columns: Uint32Array } {
  const rows = new Uint32Array(window.bottom - window.top);
  const columns = new Uint32Array(window.right - window.left);
  for (let y = window.top; y < window.bottom; y += 1) {
    for (let x = window.left; x < window.right; x += 1) {
      if ((matte[y * widthPx + x] as number) <= FOUND) continue;
      rows[y - window.top] = (rows[y - window.top] as number) + 1;
      columns[x - window.left] = (columns[x - window.left] as number) + 1;
    }
  }
  return { rows, columns };
}

const shareTouched = (counts: Uint32Array): number =>
  counts.filter((count) => count > 0).length / counts.length;

/** Share of each side along which the subject reaches into a narrow band at that side. */
function touchesOf(matte: Float32Array, size: Size): Sides {
  const { widthPx: right, heightPx: bottom } = size;
  const across = Math.max(1, Math.round(right * EDGE_DEPTH));
  const down = Math.max(1, Math.round(bottom * EDGE_DEPTH));
  const whole = { left: 0, top: 0, right, bottom };
  const band = (window: Partial<Sides>) => countsIn(matte, size, { ...whole, ...window });
  return {
    left: shareTouched(band({ right: across }).rows),
    top: shareTouched(band({ bottom: down }).columns),
    right: shareTouched(band({ left: right - across }).rows),
    bottom: shareTouched(band({ top: bottom - down }).columns),
  };
}

/**
 * Find where the subject lies.
 * @param matte Float32 [h, w], 0..1.
 * @returns undefined when nothing was found.
 */
export function subjectFrameOf(matte: Float32Array, size: Size): SubjectFrame | undefined {
  const { widthPx, heightPx } = size;
  const whole = { left: 0, top: 0, right: widthPx, bottom: heightPx };
  const { rows, columns } = countsIn(matte, size, whole);
  const [vertical, horizontal] = [spanOf(rows), spanOf(columns)];
  if (vertical.count === 0) return undefined;
  return {
    areaShare: vertical.count / matte.length,
    box: {
      left: horizontal.first / widthPx,
      top: vertical.first / heightPx,
      right: horizontal.end / widthPx,
      bottom: vertical.end / heightPx,
    },
    touches: touchesOf(matte, size),
  };
}
