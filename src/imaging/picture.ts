/** Pixels in memory. */

/** Interleaved 8-bit sRGB, upright; `data` is [height, width, channels], alpha not premultiplied. */
export interface Picture {
  readonly data: Uint8Array;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly channels: 3 | 4;
}

/** Width and height in pixels. */
export interface Size {
  readonly widthPx: number;
  readonly heightPx: number;
}

/** A size of the same ratio whose long side is at most `longSidePx`; what is smaller is kept. */
export function sizeWithin({ widthPx, heightPx }: Size, longSidePx: number): Size {
  const scale = Math.min(1, longSidePx / Math.max(widthPx, heightPx));
  const side = (px: number) => Math.max(1, Math.round(px * scale));
  return { widthPx: side(widthPx), heightPx: side(heightPx) };
}

/** Weights of red, green and blue in luma, ITU-R BT.601. */
const LUMA: readonly [number, number, number] = [0.299, 0.587, 0.114];

/** Luma of each pixel: Float32 [height, width], 0..1. */
export function lumaOf(picture: Picture): Float32Array {
  const { data, channels } = picture;
  const count = picture.widthPx * picture.heightPx;
  const luma = new Float32Array(count);
  const [red, green, blue] = LUMA;
  for (let i = 0, at = 0; i < count; i += 1, at += channels) {
    luma[i] = (red * byte(data, at) + green * byte(data, at + 1) + blue * byte(data, at + 2)) / 255;
  }
  return luma;
}

/** The alpha channel: Uint8 [height, width]; 255 everywhere for a picture without one. */
export function alphaOf(picture: Picture): Uint8Array {
  const { data, channels } = picture;
  const alpha = new Uint8Array(picture.widthPx * picture.heightPx).fill(255);
  if (channels === 4) {
    for (let i = 0, at = 3; i < alpha.length; i += 1, at += 4) alpha[i] = byte(data, at);
  }
  return alpha;
}

/** Whether any pixel is not fully opaque. */
export function hasTransparency({ data, channels }: Picture): boolean {
  if (channels === 3) return false;
  for (let i = 3; i < data.length; i += 4) if (data[i] !== 255) return true;
  return false;
}

/** The colours of a picture as they are stored, also under transparent pixels. */
export function withoutAlpha(picture: Picture): Picture {
  const { data, widthPx, heightPx, channels } = picture;
  if (channels === 3) return picture;
  const rgb = new Uint8Array(widthPx * heightPx * 3);
  for (let i = 0, at = 0; i < rgb.length; i += 3, at += 4) rgb.set(data.subarray(at, at + 3), i);
  return { data: rgb, widthPx, heightPx, channels: 3 };
}

/** Colours with another alpha. @param alpha Uint8 [height, width]. */
export function withAlpha(picture: Picture, alpha: Uint8Array): Picture {
  const { data: source, channels, widthPx, heightPx } = picture;
  const data = new Uint8Array(alpha.length * 4);
  for (let i = 0; i < alpha.length; i += 1) {
    data[i * 4] = byte(source, i * channels);
    data[i * 4 + 1] = byte(source, i * channels + 1);
    data[i * 4 + 2] = byte(source, i * channels + 2);
    data[i * 4 + 3] = byte(alpha, i);
  }
  return { data, widthPx, heightPx, channels: 4 };
}

/** A byte of an array at an index known to be inside; spares the hot loops a check each. */
export const byte = (data: Uint8Array, index: number): number => data[index] as number;
