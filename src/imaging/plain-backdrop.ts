/**
 * Dishes before a plain backdrop, as studios photograph them: what is of the backdrop's colour and reaches the frame is
 * backdrop, to the pixel. A network that sees a small square leaves parts of pale dishes away there; where it is sure of
 * something that is as plain as the backdrop, a white plate on white, it is believed instead.
 */
import { boxBlur } from './box-blur.ts';
import { dropIslands } from './matte-islands.ts';
import { byte, type Picture, type Size, sizeWithin } from './picture.ts';
import { resizePlane } from './resize.ts';

/** The frame is plain when this share of its outermost pixels is within so many levels of their median. */
const PLAIN_SHARE = 0.8;
const PLAIN_LEVELS = 6;
/** Levels, in any channel, that backdrop may differ from that median. */
const BACKDROP_LEVELS = 10;
/** Share of the network's subject that may be as plain as the backdrop; with more of it the network is believed. */
const MAX_LEAK = 0.04;
/** Backdrop that covers less of the picture than this is a gap between dishes. */
const MIN_BACKDROP = 0.1;
const SURE = 0.85;
/** Shadows on a backdrop are darker by at most this share, and of its colour within so many levels. */
const SHADOW_DEPTH = 0.35;
const SHADOW_LEVELS = 6;
/** Sweeps after which a winding backdrop is left as it was found. */
const MAX_SWEEPS = 40;
/** Long side at which islands are dropped. */
const ISLANDS_SIDE_PX = 512;

type Colour = readonly [number, number, number];

const at = (values: ArrayLike<number>, index: number): number => values[index] as number;

/** Indices of the outermost pixels. */
function frameOf({ widthPx, heightPx }: Picture): readonly number[] {
  const last = (heightPx - 1) * widthPx;
  const across = Array.from({ length: widthPx }, (_, x) => [x, last + x]).flat();
  const down = Array.from({ length: heightPx }, (_, y) => [y * widthPx, (y + 1) * widthPx - 1]);
  return [...across, ...down.flat()];
}

/** Largest difference of a pixel to a colour, in levels. */
function difference({ data, channels }: Picture, pixel: number, colour: Colour): number {
  const from = pixel * channels;
  return Math.max(
    Math.abs(byte(data, from) - colour[0]),
    Math.abs(byte(data, from + 1) - colour[1]),
    Math.abs(byte(data, from + 2) - colour[2]),
  );
}

/** The colour that nearly all of the frame has. */
function plainColour(picture: Picture): Colour | undefined {
  const { data, channels } = picture;
  const frame = frameOf(picture);
  const median = (channel: number) => {
    const levels = frame.map((pixel) => byte(data, pixel * channels + channel));
    return levels.sort((a, b) => a - b)[Math.floor(levels.length / 2)] as number;
  };
  const colour: Colour = [median(0), median(1), median(2)];
  const plain = frame.filter((pixel) => difference(picture, pixel, colour) <= PLAIN_LEVELS);
  return plain.length >= PLAIN_SHARE * frame.length ? colour : undefined;
}

/** 1 where pixels of a colour reach the frame: swept to and fro until nothing more is found. */
function backdropOf(picture: Picture, colour: Colour): Uint8Array {
  const { widthPx, heightPx } = picture;
  const count = widthPx * heightPx;
  const near = new Uint8Array(count);
  for (let i = 0; i < count; i += 1) {
    near[i] = difference(picture, i, colour) <= BACKDROP_LEVELS ? 1 : 0;
  }
  const found = new Uint8Array(count);
  for (const pixel of frameOf(picture)) found[pixel] = at(near, pixel);
  /** @param step 1 from the top left on, -1 from the bottom right on. */
  const sweep = (step: 1 | -1): number => {
    let added = 0;
    for (let k = 0; k < count; k += 1) {
      const i = step === 1 ? k : count - 1 - k;
      if (at(found, i) === 1 || at(near, i) === 0) continue;
      // The outermost pixels are known, so a neighbour in the row before never lies on the other side.
      if (at(found, i - step) === 1 || at(found, i - step * widthPx) === 1) {
        found[i] = 1;
        added += 1;
      }
    }
    return added;
  };
  for (let sweeps = 0; sweeps < MAX_SWEEPS; sweeps += 1) {
    if (sweep(1) + sweep(-1) === 0) break;
  }
  return found;
}

/** Whether a pixel is the backdrop in shadow. */
function isShadow({ data, channels }: Picture, pixel: number, colour: Colour): boolean {
  const from = pixel * channels;
  const red = colour[0] - byte(data, from);
  const green = colour[1] - byte(data, from + 1);
  const blue = colour[2] - byte(data, from + 2);
  const depth = Math.max(red, green, blue);
  const brightest = Math.max(colour[0], colour[1], colour[2]);
  return depth <= SHADOW_DEPTH * brightest && depth - Math.min(red, green, blue) <= SHADOW_LEVELS;
}

/** Share of what a matte is sure of that lies on a backdrop. */
function leakOf(matte: Float32Array, backdrop: Uint8Array): number {
  let sure = 0;
  let leaked = 0;
  for (let i = 0; i < matte.length; i += 1) {
    if (at(matte, i) <= SURE) continue;
    sure += 1;
    leaked += at(backdrop, i);
  }
  return sure === 0 ? 0 : leaked / sure;
}

/** Specks and stains on the backdrop are looked for at a reduced size: a label for each pixel of a large picture costs seconds. */
function withoutIslands(matte: Float32Array, size: Size): Float32Array {
  const small = sizeWithin(size, ISLANDS_SIDE_PX);
  const kept = dropIslands(resizePlane(matte, size, small, 'area'), small);
  const { widthPx, heightPx } = size;
  for (let y = 0; y < heightPx; y += 1) {
    const row = Math.floor((y * small.heightPx) / heightPx) * small.widthPx;
    for (let x = 0; x < widthPx; x += 1) {
      if (at(kept, row + Math.floor((x * small.widthPx) / widthPx)) === 0)
        matte[y * widthPx + x] = 0;
    }
  }
  return matte;
}

/**
 * The matte of a dish before a plain backdrop.
 * @param matte What a network says, Float32 [h, w], 0..1.
 * @returns undefined where there is no plain backdrop, or the dish is as plain.
 */
export function beforePlainBackdrop(
  picture: Picture,
  matte: Float32Array,
): Float32Array | undefined {
  const colour = plainColour(picture);
  if (colour === undefined) return undefined;
  const backdrop = backdropOf(picture, colour);
  const share = backdrop.reduce((sum, value) => sum + value, 0) / backdrop.length;
  if (share < MIN_BACKDROP || leakOf(matte, backdrop) > MAX_LEAK) return undefined;
  const subject = matte.map((value, i) => {
    if (at(backdrop, i) === 1) return 0;
    return isShadow(picture, i, colour) ? value : 1;
  });
  return withoutIslands(boxBlur(subject, picture, 1), picture);
}
