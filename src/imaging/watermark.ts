/**
 * The mark on results of the sandbox: the word SANDBOX in slanted lines over the whole picture, light
 * letters with a dark edge, so that it is seen on dark and on light. It tells a picture that was made
 * for nothing from one that was paid for; it is no protection against somebody who paints it over.
 */
import { byte, type Size } from './picture.ts';
import {
  LETTER_CELLS,
  TEXELS_PER_CELL,
  type WatermarkField,
  watermarkField,
} from './watermark-field.ts';

/** Pixels to be marked: grey, RGB, or RGB with alpha, interleaved, Uint8 [height, width, channels]. */
export interface Markable extends Size {
  readonly data: Uint8Array;
  readonly channels: 1 | 3 | 4;
}

/** Lines rise by the angle of the 3-4-5 triangle, so that no sine differs between machines. */
const COS = 0.8;
const SIN = 0.6;
/** Height of a letter, as part of the geometric mean of the sides, but no more of the short side. */
const LETTER_OF_MEAN = 0.055;
const LETTER_OF_SHORT = 0.3;
const MIN_LETTER_PX = 6;
/** Half the width of a stroke, and the width of its dark edge, in cells. */
const STROKE_CELLS = 0.45;
const EDGE_CELLS = 0.25;
const LETTER_OPACITY = 0.5;
const EDGE_OPACITY = 0.4;
/** In a mask what is marked is turned round, so that no threshold brings the clean mask back. */
const MASK_STRENGTH = 0.7;
/** Opacity where a picture is fully transparent, as part of that where it is opaque. */
const TRANSPARENT_PART = 0.5;

/** How strongly the letters and their edges cover a pixel, 0..1 in all. */
interface Cover {
  letter: number;
  edge: number;
}

/** Height of the letters in pixels. */
function letterPx({ widthPx, heightPx }: Size): number {
  const mean = Math.sqrt(widthPx * heightPx) * LETTER_OF_MEAN;
  return Math.max(MIN_LETTER_PX, Math.min(mean, Math.min(widthPx, heightPx) * LETTER_OF_SHORT));
}

const clamp = (value: number): number => Math.min(1, Math.max(0, value));

/** Distance at a point of the endless plane of tiles, between its four texels. */
function distanceAt(field: WatermarkField, u: number, v: number): number {
  const { distances, widthTexels, heightTexels } = field;
  const line = Math.floor(v / heightTexels);
  // Every other line is moved by half a tile, as bricks are laid.
  const moved = line % 2 === 0 ? u : u + widthTexels / 2;
  const x = moved - Math.floor(moved / widthTexels) * widthTexels;
  const y = v - line * heightTexels;
  const x0 = Math.floor(x);
  const y0 = Math.floor(y);
  const at = y0 * (widthTexels + 1) + x0;
  const below = at + widthTexels + 1;
  const left = distances[at] as number;
  const lowerLeft = distances[below] as number;
  const upper = left + ((distances[at + 1] as number) - left) * (x - x0);
  const lower = lowerLeft + ((distances[below + 1] as number) - lowerLeft) * (x - x0);
  return upper + (lower - upper) * (y - y0);
}

/** Mark one pixel; `at` is the index of its first channel. */
type Painter = (data: Uint8Array, at: number, cover: Cover) => void;

const paintGrey: Painter = (data, at, { letter }) => {
  const value = byte(data, at);
  data[at] = Math.round(value + (255 - 2 * value) * MASK_STRENGTH * letter);
};

const paintColour: Painter = (data, at, { letter, edge }) => {
  const kept = 1 - letter * LETTER_OPACITY - edge * EDGE_OPACITY;
  for (let i = at; i < at + 3; i += 1) {
    data[i] = Math.round(byte(data, i) * kept + 255 * letter * LETTER_OPACITY);
  }
};

/** The mark laid over a pixel that may let what is behind it through (Porter and Duff's `over`). */
const paintWithAlpha: Painter = (data, at, { letter, edge }) => {
  const alpha = byte(data, at + 3) / 255;
  const part = TRANSPARENT_PART + (1 - TRANSPARENT_PART) * alpha;
  const light = letter * LETTER_OPACITY * part;
  const opacity = light + edge * EDGE_OPACITY * part;
  const behind = alpha * (1 - opacity);
  const covered = opacity + behind;
  for (let i = at; i < at + 3; i += 1) {
    data[i] = Math.round((255 * light + byte(data, i) * behind) / covered);
  }
  data[at + 3] = Math.round(covered * 255);
};

const PAINTERS: Readonly<Record<Markable['channels'], Painter>> = {
  1: paintGrey,
  3: paintColour,
  4: paintWithAlpha,
};

/**
 * Mark a picture, in place: a result may have 200 million pixels. The same picture is always marked
 * in the same way. Far from a letter pixels are skipped:
 * no letter begins nearer than the field says.
 */
export function watermark(picture: Markable): void {
  const { data, widthPx, heightPx, channels } = picture;
  const field = watermarkField();
  const paint = PAINTERS[channels];
  const cellPx = letterPx(picture) / LETTER_CELLS;
  const texelsPerPx = TEXELS_PER_CELL / cellPx;
  const edgePx = EDGE_CELLS * cellPx;
  const cover: Cover = { letter: 0, edge: 0 };
  for (let y = 0; y < heightPx; y += 1) {
    const fromMiddleY = y + 0.5 - heightPx / 2;
    for (let x = 0; x < widthPx; x += 1) {
      const fromMiddleX = x + 0.5 - widthPx / 2;
      const u = field.widthTexels / 2 + (COS * fromMiddleX - SIN * fromMiddleY) * texelsPerPx;
      const v = field.heightTexels / 2 + (SIN * fromMiddleX + COS * fromMiddleY) * texelsPerPx;
      const toStrokePx = (distanceAt(field, u, v) - STROKE_CELLS) * cellPx;
      const toEdgePx = toStrokePx - edgePx - 0.5;
      if (toEdgePx >= 0) {
        x += Math.floor(toEdgePx);
        continue;
      }
      cover.letter = clamp(0.5 - toStrokePx);
      cover.edge = clamp(-toEdgePx) - cover.letter;
      paint(data, (y * widthPx + x) * channels, cover);
    }
  }
}
