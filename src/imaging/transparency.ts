/** Colours and alpha: what lies under transparent pixels, and what a cutout looks like on a colour. */
import { boxBlur } from './box-blur.ts';
import { byte, type Picture } from './picture.ts';

/** Pixels that a colour is spread into the transparent part: wider than any network's view. */
const BLEED_RADIUS = 16;
const MIN_WEIGHT = 1e-4;

/**
 * Fill the colours of fully transparent pixels with those of their neighbours, so that whatever an
 * editor left there (often black) does not bleed into the edge when the picture is enlarged.
 * @param picture With alpha; unchanged.
 */
export function bleedColours(picture: Picture): Picture {
  const { widthPx, heightPx } = picture;
  const data = Uint8Array.from(picture.data);
  const count = widthPx * heightPx;
  const alpha = new Float32Array(count);
  for (let i = 0; i < count; i += 1) alpha[i] = byte(data, i * 4 + 3) / 255;
  const weights = boxBlur(alpha, picture, BLEED_RADIUS);
  for (let channel = 0; channel < 3; channel += 1) {
    const weighted = alpha.map((weight, i) => weight * byte(picture.data, i * 4 + channel));
    const sums = boxBlur(weighted, picture, BLEED_RADIUS);
    for (let i = 0; i < count; i += 1) {
      const weight = weights[i] as number;
      if (alpha[i] === 0 && weight > MIN_WEIGHT) {
        data[i * 4 + channel] = Math.round((sums[i] as number) / weight);
      }
    }
  }
  return { ...picture, data };
}

/**
 * Replace the alpha channel: the colours of a picture with a matte, Float32 [h, w], 0..1, times the
 * alpha it has. Fully transparent pixels lose their colours: nobody should find the old background
 * under a cutout, and the file is smaller.
 */
export function withMatte(picture: Picture, matte: Float32Array): Picture {
  const { widthPx, heightPx, channels, data } = picture;
  const cutout = new Uint8Array(widthPx * heightPx * 4);
  for (let i = 0; i < matte.length; i += 1) {
    const from = i * channels;
    const own = channels === 4 ? byte(data, from + 3) / 255 : 1;
    const alpha = Math.round((matte[i] as number) * own * 255);
    if (alpha === 0) continue;
    cutout[i * 4] = byte(data, from);
    cutout[i * 4 + 1] = byte(data, from + 1);
    cutout[i * 4 + 2] = byte(data, from + 2);
    cutout[i * 4 + 3] = alpha;
  }
  return { data: cutout, widthPx, heightPx, channels: 4 };
}

/** sRGB bytes. */
export type Colour = readonly [red: number, green: number, blue: number];

const isColour = (background: Colour | Picture): background is Colour => Array.isArray(background);

/** Lay a picture with alpha on one colour, or on an opaque picture of its size. */
export function flattenOn(picture: Picture, background: Colour | Picture): Picture {
  const backOf = isColour(background)
    ? (_: number, channel: number) => background[channel] as number
    : (pixel: number, channel: number) => byte(background.data, pixel * 3 + channel);
  const { widthPx, heightPx, data } = picture;
  const flat = new Uint8Array(widthPx * heightPx * 3);
  for (let i = 0; i < widthPx * heightPx; i += 1) {
    const alpha = byte(data, i * 4 + 3) / 255;
    for (let channel = 0; channel < 3; channel += 1) {
      const back = backOf(i, channel);
      flat[i * 3 + channel] = Math.round(back + (byte(data, i * 4 + channel) - back) * alpha);
    }
  }
  return { data: flat, widthPx, heightPx, channels: 3 };
}
