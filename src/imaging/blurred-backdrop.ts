/** The background of a picture out of focus, without the subject, whose colours would glow around it. */
import { bellBlur } from './box-blur.ts';
import type { CutoutFrame } from './cutout-frame.ts';
import type { Picture, Size } from './picture.ts';
import { channelOf, resizePlane } from './resize.ts';

/** Radii of the filters as shares of the longer side: those that fill the place of the subject, then the blur. */
const RADII = [0.3, 0.08, 0.022] as const;
/** Below this weight nothing of the background lies in the window. */
const MIN_WEIGHT = 0.02;

/** Mean of the background's values around each pixel, from ever wider windows where the subject lies. */
function backgroundPlane(values: Float32Array, weight: Float32Array, size: Size): Float32Array {
  const side = Math.max(size.widthPx, size.heightPx);
  const total = weight.reduce((sum, value) => sum + value, 0);
  const mean = values.reduce((sum, value, i) => sum + value * (weight[i] as number), 0);
  const plane = new Float32Array(values.length).fill(total > 0 ? mean / total : 0);
  const weighted = values.map((value, i) => value * (weight[i] as number));
  for (const share of RADII) {
    const radius = Math.max(1, Math.round(share * side));
    const weights = bellBlur(weight, size, radius);
    const sums = bellBlur(weighted, size, radius);
    for (let i = 0; i < plane.length; i += 1) {
      const known = Math.min(1, (weights[i] as number) / MIN_WEIGHT);
      if (known === 0) continue;
      const own = (sums[i] as number) / (weights[i] as number);
      plane[i] = (plane[i] as number) * (1 - known) + own * known;
    }
  }
  return plane;
}

/** A position outside of 0..side as its mirror image at the edge, again and again. */
function mirrored(at: number, side: number): number {
  const period = 2 * side;
  const inside = ((at % period) + period) % period;
  return Math.min(inside, period - inside);
}

/**
 * Where the pixels of a frame lie in a reduced picture: along one axis, mirrored at its edges.
 * @returns positions in pixels of the reduced side.
 */
function positionsOf(start: number, length: number, count: number, full: number, small: number) {
  return Float32Array.from({ length: count }, (_, i) => {
    const at = ((start + ((i + 0.5) / count) * length) / full) * small;
    return Math.min(small - 1, Math.max(0, mirrored(at, small) - 0.5));
  });
}

/** A plane seen through a frame, bilinear; outside of it its mirror image. */
function framed(plane: Float32Array, small: Size, full: Size, frame: CutoutFrame): Float32Array {
  const { window, result } = frame;
  const columns = positionsOf(
    window.left,
    window.widthPx,
    result.widthPx,
    full.widthPx,
    small.widthPx,
  );
  const rows = positionsOf(
    window.top,
    window.heightPx,
    result.heightPx,
    full.heightPx,
    small.heightPx,
  );
  const seen = new Float32Array(result.widthPx * result.heightPx);
  let i = 0;
  for (const row of rows) {
    const top = Math.floor(row);
    const below = Math.min(small.heightPx - 1, top + 1) * small.widthPx;
    for (const column of columns) {
      const left = Math.floor(column);
      const right = Math.min(small.widthPx - 1, left + 1);
      const across = column - left;
      const mix = (line: number) =>
        (plane[line + left] as number) * (1 - across) + (plane[line + right] as number) * across;
      seen[i] = mix(top * small.widthPx) * (1 - (row - top)) + mix(below) * (row - top);
      i += 1;
    }
  }
  return seen;
}

/**
 * The backdrop of a frame.
 * @param small the picture at a reduced size.
 * @param matte Float32 [h, w] of the picture, 0..1.
 */
export function blurredBackdrop(
  picture: Size,
  small: Picture,
  matte: Float32Array,
  frame: CutoutFrame,
): Picture {
  const { result } = frame;
  const weight = resizePlane(matte, picture, small, 'bilinear').map((alpha) =>
    Math.max(0, 1 - 2 * alpha),
  );
  const data = new Uint8Array(result.widthPx * result.heightPx * 3);
  for (let channel = 0; channel < 3; channel += 1) {
    const values = Float32Array.from(channelOf(small, channel));
    const plane = framed(backgroundPlane(values, weight, small), small, picture, frame);
    for (let i = 0; i < plane.length; i += 1)
      data[i * 3 + channel] = Math.round(plane[i] as number);
  }
  return { data, widthPx: result.widthPx, heightPx: result.heightPx, channels: 3 };
}
